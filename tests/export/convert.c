/*
 * Reads a file of flows and writes them in another format, for tests:
 * convert FORMAT MITM_VERSION FILE >OUT. What a format leaves out goes to
 * stderr, one line each.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "export/export.h"
#include "export/import.h"

static int write_out(void *user, const void *data, size_t len)
{
    (void)user;
    return fwrite(data, 1, len, stdout) == len ? 0 : MF_EIO;
}

static void tell_left_out(void *user, const struct mf_record *record,
                          const char *what)
{
    (void)user;
    (void)record;
    fprintf(stderr, "left out: %s\n", what);
}

static int write_flow(struct mf_export *to, struct mf_flow *flow,
                      uint64_t number)
{
    struct mf_record_head head = {
        .number = number,
        .change = number,
        .state = mf_flow_state(flow),
        .source = "",
        .note = "",
    };
    struct mf_record *record = mf_record_new(&head, flow, NULL, 0);
    if (!record)
        return MF_ENOMEM;
    struct mf_export_flow one = {.record = record, .connections = MF_SPAN_NONE};
    int rc = mf_export_flow(to, &one);
    mf_record_unref(record);
    return rc;
}

static int convert(struct mf_import *from, struct mf_export *to,
                   struct mf_err *err)
{
    struct mf_flow *flow;
    struct mf_buf note;
    uint64_t number = 0;
    int rc;
    mf_buf_init(&note, 1 << 20);
    while ((rc = mf_import_next(from, &flow, &note, err)) == 1) {
        rc = write_flow(to, flow, ++number);
        mf_flow_unref(flow);
        if (rc) {
            mf_err_set(err, rc, "%s", mf_err_message(rc));
            break;
        }
    }
    mf_buf_release(&note);
    return rc;
}

int main(int argc, char **argv)
{
    struct mf_export_out out = {write_out, tell_left_out, NULL};
    struct mf_export_opts opts = {0};
    enum mf_export_format format;
    struct mf_import *from = NULL;
    struct mf_export *to = NULL;
    struct mf_err err = {0};
    if (argc != 4 || mf_export_parse_format(argv[1], &format)) {
        fprintf(stderr, "usage: convert FORMAT MITM_VERSION FILE\n");
        return 2;
    }
    opts.mitm_version = (unsigned)atoi(argv[2]);
    int fd = open(argv[3], O_RDONLY | O_CLOEXEC);
    int rc = mf_import_new(fd, &from, &err);
    if (!rc)
        rc = mf_export_new(format, &opts, &out, &to, &err);
    if (!rc)
        rc = convert(from, to, &err);
    int ended = to ? mf_export_end(to) : 0;
    if (rc || ended)
        fprintf(stderr, "%s\n", err.code ? err.text : mf_err_message(ended));
    mf_export_free(to);
    mf_import_free(from);
    close(fd);
    return rc || ended || fflush(stdout) ? 1 : 0;
}

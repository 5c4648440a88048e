/* Files of mitmproxy's flows: whatever is read is written in every version,
 * and that is read again. */
#include <stdlib.h>
#include <unistd.h>

#include "export/export.h"
#include "export/import.h"
#include "import_pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
    struct mf_buf file;
    size_t count;
};

static int put(void *user, const void *data, size_t len)
{
    struct sum *sum = user;
    return mf_buf_append(&sum->file, data, len);
}

static void write_flow(struct mf_flow *flow, struct mf_export *to)
{
    struct mf_record_head head = {.number = 1,
                                  .change = 1,
                                  .state = MF_FLOW_ENDED,
                                  .source = "",
                                  .note = ""};
    struct mf_record *record = mf_record_new(&head, flow, NULL, 0);
    struct mf_export_flow one = {.record = record, .connections = MF_SPAN_NONE};
    if (record && mf_export_flow(to, &one) == MF_ECORRUPT)
        abort();
    mf_record_unref(record);
}

/* Read all, and write it if `to` is not NULL; how many flows, and the end. */
static size_t read_all(const void *data, size_t size, struct mf_export *to,
                       int *ret_rc)
{
    struct mf_import *from;
    struct mf_flow *flow;
    struct mf_buf note;
    struct mf_err err;
    size_t count = 0;
    int fd = fuzz_import_open(data, size);
    mf_buf_init(&note, 1 << 20);
    *ret_rc = mf_import_new(fd, &from, &err);
    if (*ret_rc == 0) {
        while ((*ret_rc = mf_import_next(from, &flow, &note, &err)) == 1) {
            count++;
            if (to)
                write_flow(flow, to);
            mf_flow_unref(flow);
        }
        mf_import_free(from);
    }
    mf_buf_release(&note);
    close(fd);
    return count;
}

static void try_version(const uint8_t *data, size_t size, unsigned version)
{
    struct sum sum = {.count = 0};
    struct mf_export_opts opts = {.mitm_version = version};
    struct mf_export_out out = {put, NULL, &sum};
    struct mf_export *to;
    int rc;
    mf_buf_init(&sum.file, 64 << 20);
    if (mf_export_new(MF_EXPORT_MITM, &opts, &out, &to, NULL))
        abort();
    read_all(data, size, to, &rc);
    if (mf_export_end(to))
        abort();
    mf_export_free(to);
    read_all(sum.file.data ? (void *)sum.file.data : "", sum.file.len, NULL,
             &rc);
    if (rc && sum.file.len)
        abort();
    mf_buf_release(&sum.file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { OLDEST = 17, VERSIONS = 5 };
    /* Other files have fuzzers of their own. */
    if (!size || data[0] < '0' || data[0] > '9')
        return 0;
    fuzz_import_pieces(data, size);
    try_version(data, size, OLDEST + (unsigned)(size % VERSIONS));
    return 0;
}

/* Files of flows of any kind: read to their end or fault; what came out is
 * written as HAR and as JSON lines, and the lines read back the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "export/export.h"
#include "export/import.h"
#include "import_pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int append(void *user, const void *data, size_t len)
{
    return mf_buf_append(user, data, len);
}

static struct mf_buf write_flow(enum mf_export_format format,
                                struct mf_flow *flow)
{
    struct mf_buf file;
    const struct mf_export_out out = {append, NULL, &file};
    const struct mf_export_opts opts = {0};
    const struct mf_record_head head = {
        .number = 1,
        .change = 1,
        .state = MF_FLOW_ENDED,
        .source = "",
        .note = "",
    };
    struct mf_export *to;
    mf_buf_init(&file, SIZE_MAX);
    struct mf_record *record = mf_record_new(&head, flow, NULL, 0);
    assert(record);
    const struct mf_export_flow one = {record, {"", 0}};
    assert(mf_export_new(format, &opts, &out, &to, NULL) == 0);
    assert(mf_export_flow(to, &one) == 0);
    assert(mf_export_end(to) == 0);
    mf_export_free(to);
    mf_record_unref(record);
    return file;
}

/* A flow that was taken comes back from its own file. */
static void read_back(const struct mf_buf *file)
{
    struct mf_import *from;
    struct mf_flow *flow;
    struct mf_buf note;
    struct mf_err err;
    int fd = fuzz_import_open(file->data, file->len);
    mf_buf_init(&note, 1 << 20);
    assert(mf_import_new(fd, &from, &err) == 0);
    int rc = mf_import_next(from, &flow, &note, &err);
    if (rc == 1)
        mf_flow_unref(flow);
    else
        assert(rc == MF_EFULL || rc == MF_ECORRUPT);
    mf_import_free(from);
    mf_buf_release(&note);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_import *from;
    struct mf_flow *flow;
    struct mf_buf note;
    struct mf_err err;
    fuzz_import_pieces(data, size);
    int fd = fuzz_import_open(data, size);
    mf_buf_init(&note, 1 << 20);
    if (mf_import_new(fd, &from, &err) == 0) {
        while (mf_import_next(from, &flow, &note, &err) == 1) {
            struct mf_buf har = write_flow(MF_EXPORT_HAR, flow);
            struct mf_buf lines = write_flow(MF_EXPORT_JSON_LINES, flow);
            if (mf_flow_type(flow) == MF_FLOW_HTTP)
                read_back(&har);
            read_back(&lines);
            mf_buf_release(&har);
            mf_buf_release(&lines);
            mf_flow_unref(flow);
        }
        mf_import_free(from);
    }
    mf_buf_release(&note);
    close(fd);
    return 0;
}

/* Any bytes for a flow, as they may lie in a damaged store: what is written
 * is JSON, whole and in UTF-8. */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "export/export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int append(void *user, const void *data, size_t len)
{
    return mf_buf_append(user, data, len);
}

static void write_flow(enum mf_export_format format, struct mf_record *record,
                       struct mf_span connections)
{
    struct mf_buf file;
    struct mf_export *to;
    const struct mf_export_out out = {append, NULL, &file};
    const struct mf_export_opts opts = {0};
    const struct mf_export_flow flow = {record, connections};
    mf_buf_init(&file, SIZE_MAX);
    assert(mf_export_new(format, &opts, &out, &to, NULL) == 0);
    assert(mf_export_flow(to, &flow) == 0);
    assert(mf_export_end(to) == 0);
    mf_export_free(to);
    assert(mf_utf8_valid(file.data, file.len));
    json_error_t error;
    json_t *json =
        json_loadb((char *)file.data, file.len, JSON_ALLOW_NUL, &error);
    if (!json) {
        fprintf(stderr, "%s at %d of: %.*s\n", error.text, error.position,
                (int)file.len, (char *)file.data);
        abort();
    }
    json_decref(json);
    mf_buf_release(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_flow *flow;
    struct mf_span bytes = {(const char *)data, size};
    const struct mf_record_head head = {
        .number = 1,
        .change = 1,
        .state = MF_FLOW_CUT_OFF,
        .source = "\xff\"",
        .note = "\n",
    };
    if (mf_flow_from_snapshot(data, size, MF_FLOW_ENDED, &flow, NULL))
        return 0;
    struct mf_record *record = mf_record_new(&head, flow, NULL, 0);
    mf_flow_unref(flow);
    if (!record)
        return 0;
    write_flow(MF_EXPORT_HAR, record, bytes);
    write_flow(MF_EXPORT_JSON, record, bytes);
    mf_record_unref(record);
    return 0;
}

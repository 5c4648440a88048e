/* Reads what json_lines.c writes: flows one after the other, or in an
 * array. */
#include <ctype.h>

#include "export/json_fields.h"
#include "export/json_split.h"
#include "export/readers.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"

/* It begins as an object does, or an array of them. */
static bool is_it(const uint8_t *head, size_t len)
{
    size_t i = len >= 3 && head[0] == 0xef ? 3 : 0;
    while (i < len && (isspace(head[i]) || head[i] == '['))
        i++;
    return i < len && (head[i] == '{' || (head[i] == ']' && i > 0));
}

static int begin(struct mf_import *from, void *state, struct mf_err *err)
{
    (void)err;
    mf_json_split_init(state, from, MF_JSON_SPLIT_ROW);
    return 0;
}

static int read_flow(struct mf_json_split *split, const json_t *json,
                     struct mf_buf *flow, struct mf_buf *note,
                     struct mf_err *err)
{
    struct mf_err why;
    struct mf_span text = mf_json_get_text(json, "note");
    int rc =
        mf_json_get_fields(json, &mitmproxy__v1__flow__descriptor, flow, &why);
    if (rc)
        return mf_import_fail(split->from, err, rc, split->object_at, "%s",
                              why.text);
    if (!mf_flow_snapshot_type(
            (struct mf_span){(const char *)flow->data, flow->len}))
        return mf_import_fail(split->from, err, MF_ECORRUPT, split->object_at,
                              "it is no flow: it has none of \"httpFlow\", "
                              "\"dnsFlow\", \"tcpFlow\" and \"udpFlow\"");
    return mf_buf_append(note, text.text, text.len);
}

static int next(struct mf_import *from, void *state, struct mf_buf *flow,
                struct mf_buf *note, struct mf_err *err)
{
    struct mf_json_split *split = state;
    struct mf_span object;
    (void)from;
    int rc = mf_json_split_next(split, &object, err);
    if (rc != 1)
        return rc;
    json_t *json = mf_json_split_parse(split, object, err);
    if (!json)
        return MF_ECORRUPT;
    rc = read_flow(split, json, flow, note, err);
    json_decref(json);
    return rc ? rc : 1;
}

const struct mf_import_reader mf_import_json_lines = {
    .name = "JSON lines",
    .is_it = is_it,
    .state_size = sizeof(struct mf_json_split),
    .begin = begin,
    .next = next,
};

/* Reads HAR 1.2: ours, so that the same flow comes out, and those of browsers
 * and others. */
#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "codec/base64.h"
#include "export/har_in.h"
#include "export/json_split.h"
#include "export/readers.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/wire.h"

/* Field numbers of mitmproxy.v1. */
enum {
    FLOW_HTTP = 1,
    FLOW_META = 100,
    META_COMMENT = 1,
    HTTP_ID = 1,
    HTTP_REQUEST = 2,
    HTTP_RESPONSE = 3,
    HTTP_START = 4,
    HTTP_DURATION = 5,
    HTTP_SERVER = 7,
    HTTP_ERROR = 8,
    HTTP_IS_WEBSOCKET = 9,
};

struct reader {
    struct mf_json_split split;
    struct mf_buf own; /* an HTTPFlow: what "_mitmflow" has of it */
    int64_t start_ns;  /* of the last entry that tells it */
};

/* Where the string that begins at `i` ends: behind its quote. */
static size_t string_end(const uint8_t *head, size_t len, size_t i)
{
    for (i++; i < len && head[i] != '"'; i++)
        if (head[i] == '\\')
            i++;
    return i < len ? i + 1 : len;
}

/* Whether the string from `i` to `end` is "log", and a member's name. */
static bool is_log(const uint8_t *head, size_t len, size_t i, size_t end)
{
    static const char log[] = "\"log\"";
    if (end - i != sizeof log - 1 || memcmp(head + i, log, sizeof log - 1) != 0)
        return false;
    while (end < len && isspace(head[end]))
        end++;
    return end < len && head[end] == ':';
}

/* An object with a member "log", perhaps behind others. */
static bool is_it(const uint8_t *head, size_t len)
{
    unsigned depth = 0;
    size_t i = len >= 3 && head[0] == 0xef ? 3 : 0;
    while (i < len && isspace(head[i]))
        i++;
    if (i == len || head[i] != '{')
        return false;
    while (i < len) {
        size_t end = head[i] == '"' ? string_end(head, len, i) : i + 1;
        if (head[i] == '{' || head[i] == '[')
            depth++;
        else if ((head[i] == '}' || head[i] == ']') && --depth == 0)
            return false;
        else if (depth == 1 && head[i] == '"' && is_log(head, len, i, end))
            return true;
        i = end;
    }
    return false;
}

static int begin(struct mf_import *from, void *state, struct mf_err *err)
{
    struct reader *reader = state;
    (void)err;
    mf_buf_init(&reader->own, MF_IMPORT_FLOW_MAX_LEN);
    mf_json_split_init(&reader->split, from, MF_JSON_SPLIT_HAR);
    return 0;
}

static void release(void *state)
{
    struct reader *reader = state;
    mf_buf_release(&reader->own);
}

static int tell(struct mf_err *err, int rc)
{
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

/* ---- what is not in "_mitmflow" ---- */

static bool is_websocket(const struct mf_har_entry *entry)
{
    return json_is_array(json_object_get(entry->json, "_webSocketMessages")) ||
           mf_span_starts_with(entry->url, "ws://") ||
           mf_span_starts_with(entry->url, "wss://");
}

/* Why there is no answer, as browsers tell it. */
static struct mf_span error_of(const struct mf_har_entry *entry)
{
    struct mf_span error = mf_json_get_text(entry->response, "_error");
    if (!error.len)
        error = mf_json_get_text(entry->json, "_error");
    return error.len ? error : mf_har_websocket_error(entry);
}

static int put_foreign(const struct mf_har_entry *entry, struct mf_buf *out)
{
    struct mf_span error = error_of(entry);
    double ms = mf_json_get_number(entry->json, "time", 0);
    int rc = mf_wire_put_timestamp_opt(out, HTTP_START, entry->start_ns);
    if (!rc && ms > 0)
        rc = mf_wire_put_double_opt(out, HTTP_DURATION, ms);
    if (!rc)
        rc = mf_har_put_server(entry, HTTP_SERVER, out);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, HTTP_ERROR, error.text, error.len);
    if (!rc)
        rc =
            mf_wire_put_varint_opt(out, HTTP_IS_WEBSOCKET, is_websocket(entry));
    return rc;
}

/* ---- the flow ---- */

/* What "_mitmflow" has, but for request and response. */
static int put_own(const struct mf_har_entry *entry, struct mf_buf *out)
{
    struct mf_cursor cursor = mf_cursor_make(entry->own.text, entry->own.len);
    struct mf_wire_field field;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field))
        if (field.number != HTTP_REQUEST && field.number != HTTP_RESPONSE)
            rc = mf_wire_put_field(out, &field);
    return rc;
}

static bool has_own(const struct mf_har_entry *entry, uint32_t number)
{
    struct mf_wire_field field;
    return mf_wire_find((const uint8_t *)entry->own.text, entry->own.len,
                        number, &field);
}

static int put_id(const struct mf_har_entry *entry, struct mf_buf *out)
{
    char id[40];
    if (has_own(entry, HTTP_ID))
        return 0;
    mf_import_make_id(entry->text.text, entry->text.len, entry->ordinal, id);
    return mf_wire_put_bytes(out, HTTP_ID, id, strlen(id));
}

static bool has_response(const struct mf_har_entry *entry)
{
    if (entry->is_ours)
        return has_own(entry, HTTP_RESPONSE);
    return mf_json_get_number(entry->response, "status", 0) > 0 ||
           json_array_size(json_object_get(entry->response, "headers")) > 0;
}

static int put_http(const struct mf_har_entry *entry, struct mf_buf *out,
                    struct mf_err *err)
{
    size_t mark;
    int rc = tell(err, mf_wire_begin(out, FLOW_HTTP, &mark));
    if (!rc)
        rc = tell(err, put_own(entry, out));
    if (!rc)
        rc = tell(err, put_id(entry, out));
    if (!rc && !entry->is_ours)
        rc = tell(err, put_foreign(entry, out));
    if (!rc && (!entry->is_ours || has_own(entry, HTTP_REQUEST)))
        rc = mf_har_put_half(entry, HTTP_REQUEST, out, err);
    if (!rc && has_response(entry))
        rc = mf_har_put_half(entry, HTTP_RESPONSE, out, err);
    if (!rc)
        rc = mf_har_get_messages(entry, out, err);
    return rc ? rc : tell(err, mf_wire_end(out, mark));
}

static int put_meta(const struct mf_har_entry *entry, struct mf_buf *out,
                    struct mf_err *err)
{
    const json_t *meta = json_object_get(entry->more, "meta");
    struct mf_span comment = mf_json_get_text(entry->json, "comment");
    size_t mark;
    if (entry->is_ours ? !meta : !comment.len)
        return 0;
    int rc = tell(err, mf_wire_begin(out, FLOW_META, &mark));
    if (!rc && entry->is_ours)
        rc = mf_json_get_fields(meta, &mitmproxy__v1__flow_meta__descriptor,
                                out, err);
    else if (!rc)
        rc = tell(err, mf_wire_put_bytes(out, META_COMMENT, comment.text,
                                         comment.len));
    return rc ? rc : tell(err, mf_wire_end(out, mark));
}

/* ---- entries ---- */

static int open_entry(struct reader *reader, json_t *json, struct mf_span text,
                      struct mf_har_entry *ret_entry, struct mf_err *err)
{
    const json_t *request = json_object_get(json, "request");
    const json_t *more = json_object_get(json, "_mitmflow");
    const json_t *flow = json_object_get(more, "flow");
    mf_buf_clear(&reader->own);
    if (!json_is_object(request))
        return mf_err_set(err, MF_ECORRUPT, "it has no \"request\"");
    int rc = mf_json_get_fields(flow, &mitmproxy__v1__httpflow__descriptor,
                                &reader->own, err);
    if (!mf_json_parse_time(mf_json_get_text(json, "startedDateTime"),
                            &reader->start_ns))
        mf_import_note_untimed(reader->split.from);
    *ret_entry = (struct mf_har_entry){
        .json = json,
        .request = request,
        .response = json_object_get(json, "response"),
        .more = more,
        .own = {reader->own.len ? (char *)reader->own.data : "",
                reader->own.len},
        .is_ours = json_is_object(flow),
        .url = mf_json_get_text(request, "url"),
        .text = text,
        .start_ns = reader->start_ns,
    };
    return rc;
}

static int read_entry(struct reader *reader, json_t *json, struct mf_span text,
                      uint64_t ordinal, struct mf_buf *flow,
                      struct mf_buf *note, struct mf_err *err)
{
    struct mf_har_entry entry;
    int rc = open_entry(reader, json, text, &entry, err);
    if (rc)
        return rc;
    entry.ordinal = ordinal;
    rc = put_http(&entry, flow, err);
    if (!rc)
        rc = put_meta(&entry, flow, err);
    struct mf_span words = mf_json_get_text(entry.more, "note");
    return rc ? rc : tell(err, mf_buf_append(note, words.text, words.len));
}

static int next(struct mf_import *from, void *state, struct mf_buf *flow,
                struct mf_buf *note, struct mf_err *err)
{
    struct reader *reader = state;
    struct mf_span object;
    struct mf_err why;
    int rc = mf_json_split_next(&reader->split, &object, err);
    if (rc != 1)
        return rc;
    json_t *json = mf_json_split_parse(&reader->split, object, err);
    if (!json)
        return MF_ECORRUPT;
    rc = read_entry(reader, json, object, mf_import_number(from), flow, note,
                    &why);
    json_decref(json);
    return rc ? mf_import_fail(from, err, rc, reader->split.object_at, "%s",
                               why.text)
              : 1;
}

const struct mf_import_reader mf_import_har = {
    .name = "HAR",
    .is_it = is_it,
    .state_size = sizeof(struct reader),
    .begin = begin,
    .next = next,
    .release = release,
};

#include "rpc/ending.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "codec/base64.h"
#include "codec/percent.h"
#include "pb/wire.h"
#include "rpc/protocol.h"

#define ANY_PREFIX "type.googleapis.com/"

int mf_ending_clean_message(const char *message, struct mf_buf *out)
{
    size_t len = strlen(message);
    bool is_utf8 = mf_utf8_valid(message, len);
    if (len > MF_CALL_MESSAGE_MAX_LEN)
        len = is_utf8 ? mf_utf8_cut(message, len, MF_CALL_MESSAGE_MAX_LEN)
                      : MF_CALL_MESSAGE_MAX_LEN;
    int rc = mf_buf_reserve(out, len + 1);
    if (rc)
        return rc;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)message[i];
        mf_buf_append_byte(out, c < 0x80 || is_utf8 ? c : (uint8_t)'?');
    }
    mf_buf_append_byte(out, 0);
    return 0;
}

static bool has_message(const struct mf_ending *ending)
{
    return ending->message && *ending->message;
}

/* ---- Connect ---- */

static int put(struct mf_buf *out, const char *text)
{
    return mf_buf_append(out, text, strlen(text));
}

static int put_json_text(struct mf_buf *out, const char *text)
{
    int rc = mf_buf_append_byte(out, '"');
    for (; !rc && *text; text++) {
        uint8_t c = (uint8_t)*text;
        if (c == '"' || c == '\\')
            rc = mf_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            rc = mf_buf_printf(out, "\\u%04x", c);
        else
            rc = mf_buf_append_byte(out, c);
    }
    return rc ? rc : mf_buf_append_byte(out, '"');
}

static int put_json_detail(struct mf_buf *out,
                           const struct mf_error_detail *detail)
{
    int rc = put(out, "{\"type\":");
    if (!rc)
        rc = put_json_text(out, detail->type);
    if (!rc)
        rc = put(out, ",\"value\":\"");
    if (!rc)
        rc = mf_base64_encode(detail->value, detail->len, false, out);
    return rc ? rc : put(out, "\"}");
}

int mf_ending_json(const struct mf_ending *ending, struct mf_buf *out)
{
    int rc =
        mf_buf_printf(out, "{\"code\":\"%s\"", mf_status_word(ending->status));
    if (!rc && has_message(ending)) {
        rc = put(out, ",\"message\":");
        if (!rc)
            rc = put_json_text(out, ending->message);
    }
    for (size_t i = 0; !rc && i < ending->detail_count; i++) {
        rc = put(out, i ? "," : ",\"details\":[");
        if (!rc)
            rc = put_json_detail(out, &ending->details[i]);
    }
    if (!rc && ending->detail_count)
        rc = mf_buf_append_byte(out, ']');
    return rc ? rc : mf_buf_append_byte(out, '}');
}

/* True if `name` is in `metadata` before `position`. */
static bool was_seen(const struct mf_metadata *metadata, const char *name,
                     size_t position)
{
    struct mf_header header;
    for (size_t at = 0; at < position;) {
        mf_metadata_next(metadata, &at, &header);
        if (strcmp(header.name, name) == 0)
            return true;
    }
    return false;
}

/* All values of `name`, as a list. */
static int put_values(struct mf_buf *out, const struct mf_metadata *metadata,
                      const char *name)
{
    struct mf_header header;
    int rc = put_json_text(out, name);
    const char *before = ":[";
    for (size_t at = 0; !rc && mf_metadata_next(metadata, &at, &header);) {
        if (strcmp(header.name, name) != 0)
            continue;
        rc = put(out, before);
        if (!rc)
            rc = put_json_text(out, header.value);
        before = ",";
    }
    return rc ? rc : mf_buf_append_byte(out, ']');
}

static int put_metadata(struct mf_buf *out, const struct mf_metadata *metadata)
{
    struct mf_header header;
    const char *before = "";
    int rc = put(out, "\"metadata\":{");
    for (size_t at = 0, next = 0;
         !rc && mf_metadata_next(metadata, &next, &header); at = next) {
        if (was_seen(metadata, header.name, at))
            continue;
        rc = put(out, before);
        if (!rc)
            rc = put_values(out, metadata, header.name);
        before = ",";
    }
    return rc ? rc : mf_buf_append_byte(out, '}');
}

int mf_ending_stream_json(const struct mf_ending *ending,
                          const struct mf_metadata *trailers,
                          struct mf_buf *out)
{
    bool has_trailers = !mf_metadata_is_empty(trailers);
    int rc = mf_buf_append_byte(out, '{');
    if (!rc && ending->status) {
        rc = put(out, "\"error\":");
        if (!rc)
            rc = mf_ending_json(ending, out);
        if (!rc && has_trailers)
            rc = mf_buf_append_byte(out, ',');
    }
    if (!rc && has_trailers)
        rc = put_metadata(out, trailers);
    return rc ? rc : mf_buf_append_byte(out, '}');
}

/* ---- gRPC ---- */

static int put_escaped_spaces(struct mf_buf *out, size_t count)
{
    int rc = 0;
    while (!rc && count-- > 0)
        rc = put(out, "%20");
    return rc;
}

/* Spaces around it would make it no field value (RFC 9113, section 8.2.1). */
int mf_ending_grpc_message(const struct mf_ending *ending, struct mf_buf *out)
{
    if (!has_message(ending))
        return 0;
    const char *text = ending->message;
    size_t len = strlen(text), before = strspn(text, " "), after = 0;
    while (after < len - before && text[len - 1 - after] == ' ')
        after++;
    int rc = put_escaped_spaces(out, before);
    if (!rc)
        rc = mf_percent_encode(text + before, len - before - after, out);
    return rc ? rc : put_escaped_spaces(out, after);
}

/* A google.protobuf.Any in field 3 of google.rpc.Status. */
static int put_any(struct mf_buf *out, const struct mf_error_detail *detail)
{
    size_t type_len = strlen(detail->type), mark, name_mark;
    int rc = mf_wire_begin(out, 3, &mark);
    if (!rc)
        rc = mf_wire_begin(out, 1, &name_mark);
    if (!rc)
        rc = put(out, ANY_PREFIX);
    if (!rc)
        rc = mf_buf_append(out, detail->type, type_len);
    if (!rc)
        rc = mf_wire_end(out, name_mark);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, 2, detail->value, detail->len);
    return rc ? rc : mf_wire_end(out, mark);
}

int mf_ending_grpc_details(const struct mf_ending *ending, struct mf_buf *out)
{
    if (!ending->detail_count)
        return 0;
    struct mf_buf status;
    mf_buf_init(&status, SIZE_MAX);
    int rc = mf_wire_put_varint_opt(&status, 1, (uint64_t)ending->status);
    if (!rc && has_message(ending))
        rc = mf_wire_put_bytes(&status, 2, ending->message,
                               strlen(ending->message));
    for (size_t i = 0; !rc && i < ending->detail_count; i++)
        rc = put_any(&status, &ending->details[i]);
    if (!rc)
        rc = mf_base64_encode(status.data, status.len, false, out);
    mf_buf_release(&status);
    return rc;
}

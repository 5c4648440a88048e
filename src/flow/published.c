#include "flow/published.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/map.h"
#include "codec/encoding.h"
#include "flow/details.h"

/* Fields from here up are not in the published schema. */
enum { OWN_FIELDS = 100 };

struct rewrite {
    struct mf_buf *out;
    bool drop_own;
    bool drop_bodies;
    size_t body_max;
};

/* One name of a header map, with its values joined. */
struct line {
    struct mf_buf name;
    struct mf_buf value;
};

struct lines {
    struct line *items;
    size_t count;
    size_t cap;
    struct mf_map *by_name; /* lower-case name to index + 1 */
};

static int add_line(struct lines *lines, struct mf_span name,
                    struct line **ret_line)
{
    struct line *items =
        mf_array_grow(lines->items, lines->count, &lines->cap, sizeof *items);
    if (!items)
        return MF_ENOMEM;
    lines->items = items;
    struct line *line = &items[lines->count++];
    mf_buf_init(&line->name, SIZE_MAX);
    mf_buf_init(&line->value, SIZE_MAX);
    *ret_line = line;
    return mf_flow__append_text(&line->name, name, SIZE_MAX);
}

static int join_line(struct lines *lines, struct mf_span name,
                     struct mf_span value)
{
    struct mf_buf key;
    mf_buf_init(&key, SIZE_MAX);
    int rc = mf_buf_append(&key, name.text, name.len);
    for (size_t i = 0; i < key.len; i++)
        if (key.data[i] >= 'A' && key.data[i] <= 'Z')
            key.data[i] |= 'a' - 'A';
    struct line *line = NULL;
    uintptr_t index =
        rc ? 0 : (uintptr_t)mf_map_get(lines->by_name, key.data, key.len);
    if (index) {
        line = &lines->items[index - 1];
        rc = mf_buf_append(&line->value, ", ", 2);
    } else if (!rc) {
        rc = add_line(lines, name, &line);
        if (!rc)
            rc = mf_map_put(lines->by_name, key.data, key.len,
                            (void *)(uintptr_t)lines->count);
    }
    mf_buf_release(&key);
    return rc ? rc : mf_flow__append_text(&line->value, value, SIZE_MAX);
}

static void release_lines(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        mf_buf_release(&lines->items[i].name);
        mf_buf_release(&lines->items[i].value);
    }
    free(lines->items);
    mf_map_free(lines->by_name);
}

static int put_line(struct mf_buf *out, uint32_t number,
                    const struct line *line)
{
    size_t mark;
    int rc = mf_wire_begin(out, number, &mark);
    if (!rc)
        rc = mf_wire_put_bytes(out, 1, line->name.data, line->name.len);
    if (!rc)
        rc = mf_wire_put_bytes(out, 2, line->value.data, line->value.len);
    return rc ? rc : mf_wire_end(out, mark);
}

/* Field `map` from the HeaderField messages in field `numbered`. */
static int put_map(struct mf_buf *out, struct mf_span half, uint32_t numbered,
                   uint32_t map)
{
    struct lines lines = {.by_name = mf_map_new()};
    if (!lines.by_name)
        return MF_ENOMEM;
    struct mf_cursor cursor = mf_flow__cursor(half);
    struct mf_span name, value;
    int rc = 0;
    while (!rc &&
           mf_flow__next_line(&cursor, numbered, numbered, &name, &value))
        rc = join_line(&lines, name, value);
    for (size_t i = 0; !rc && i < lines.count; i++)
        rc = put_line(out, map, &lines.items[i]);
    release_lines(&lines);
    return rc;
}

/* *ret_error: why the body is not whole; the return value: why nothing is. */
static int put_body(const struct rewrite *rewrite, struct mf_span half,
                    const struct mf_flow__half_fields *fields,
                    struct mf_span raw, int *ret_error)
{
    struct mf_flow__half view = {.message = half};
    const struct mf_encoding_list encodings = mf_flow__encodings(&view, fields);
    struct mf_span encoding = mf_encoding_list_value(&encodings);
    struct mf_buf body;
    mf_buf_init(&body, rewrite->body_max);
    int rc = mf_encoding_decode_all(encoding.text, encoding.len, raw.text,
                                    raw.len, &body);
    *ret_error = rc;
    if (rc == MF_EUNSUPPORTED)
        mf_encoding_decode(MF_ENCODING_IDENTITY, raw.text, raw.len, &body);
    rc = rc == MF_ENOMEM ? rc
                         : mf_wire_put_bytes_opt(rewrite->out, fields->content,
                                                 body.data, body.len);
    mf_buf_release(&body);
    return rc;
}

static int put_half(const struct rewrite *rewrite, uint32_t number,
                    struct mf_span half,
                    const struct mf_flow__half_fields *fields, int *ret_error)
{
    struct mf_cursor cursor = mf_flow__cursor(half);
    struct mf_wire_field field;
    struct mf_span raw = {"", 0};
    bool has_headers = false, has_trailers = false, has_content = false;
    size_t mark;
    int rc = mf_wire_begin(rewrite->out, number, &mark);
    while (!rc && mf_wire_next(&cursor, &field)) {
        has_headers |= field.number == fields->headers;
        has_trailers |= field.number == fields->trailers;
        has_content |= field.number == fields->content && field.len > 0;
        if (field.number == MF_HALF_RAW_CONTENT)
            raw = mf_flow__span(&field);
        bool is_body = field.number == fields->content ||
                       field.number == MF_HALF_RAW_CONTENT;
        bool is_dropped = (is_body && rewrite->drop_bodies) ||
                          (field.number >= OWN_FIELDS && rewrite->drop_own);
        if (!is_dropped)
            rc = mf_wire_put_field(rewrite->out, &field);
    }
    if (!rc && cursor.error)
        rc = MF_ECORRUPT;
    if (!rc && !has_headers)
        rc =
            put_map(rewrite->out, half, MF_HALF_HEADER_FIELDS, fields->headers);
    if (!rc && !has_trailers)
        rc = put_map(rewrite->out, half, MF_HALF_TRAILER_FIELDS,
                     fields->trailers);
    if (!rc && !has_content && raw.len && !rewrite->drop_bodies)
        rc = put_body(rewrite, half, fields, raw, ret_error);
    return rc ? rc : mf_wire_end(rewrite->out, mark);
}

/* A nested message without our own fields, or as it is. */
static int put_nested(const struct rewrite *rewrite,
                      const struct mf_wire_field *nested)
{
    if (!rewrite->drop_own)
        return mf_wire_put_field(rewrite->out, nested);
    struct mf_cursor cursor = mf_cursor_make(nested->data, nested->len);
    struct mf_wire_field field;
    size_t mark;
    int rc = mf_wire_begin(rewrite->out, nested->number, &mark);
    while (!rc && mf_wire_next(&cursor, &field))
        if (field.number < OWN_FIELDS)
            rc = mf_wire_put_field(rewrite->out, &field);
    if (!rc && cursor.error)
        rc = MF_ECORRUPT;
    return rc ? rc : mf_wire_end(rewrite->out, mark);
}

static int put_field_of(const struct rewrite *rewrite, uint32_t type,
                        const struct mf_wire_field *field,
                        struct mf_published_result *result)
{
    enum { REQUEST = 2, RESPONSE = 3, WEBSOCKET_MESSAGES = 11 };
    bool is_half = field->number == REQUEST || field->number == RESPONSE;
    if (field->number >= OWN_FIELDS && rewrite->drop_own)
        return 0;
    if (field->type != MF_WIRE_LEN)
        return mf_wire_put_field(rewrite->out, field);
    if (type == MF_FLOW_HTTP && field->number == REQUEST)
        return put_half(rewrite, REQUEST, mf_flow__span(field),
                        &mf_flow__request_fields, &result->request_error);
    if (type == MF_FLOW_HTTP && field->number == RESPONSE)
        return put_half(rewrite, RESPONSE, mf_flow__span(field),
                        &mf_flow__response_fields, &result->response_error);
    if ((type == MF_FLOW_HTTP && field->number == WEBSOCKET_MESSAGES) ||
        (type == MF_FLOW_DNS && is_half))
        return put_nested(rewrite, field);
    return mf_wire_put_field(rewrite->out, field);
}

static int put_body_of(const struct rewrite *rewrite,
                       const struct mf_wire_field *body,
                       struct mf_published_result *result)
{
    struct mf_cursor cursor = mf_cursor_make(body->data, body->len);
    struct mf_wire_field field;
    size_t mark;
    int rc = mf_wire_begin(rewrite->out, body->number, &mark);
    while (!rc && mf_wire_next(&cursor, &field))
        rc = put_field_of(rewrite, body->number, &field, result);
    if (!rc && cursor.error)
        rc = MF_ECORRUPT;
    return rc ? rc : mf_wire_end(rewrite->out, mark);
}

int mf_flow_put_published(const uint8_t *flow, size_t len,
                          enum mf_published_mode mode, size_t body_max,
                          struct mf_buf *out,
                          struct mf_published_result *ret_result)
{
    const struct rewrite rewrite = {
        .out = out,
        .drop_own = mode == MF_PUBLISHED_ONLY,
        .drop_bodies = mode == MF_PUBLISHED_BARE,
        .body_max = body_max,
    };
    struct mf_published_result result = {0};
    struct mf_cursor cursor = mf_cursor_make(flow, len);
    struct mf_wire_field field;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        if (field.type == MF_WIRE_LEN && field.number >= MF_FLOW_HTTP &&
            field.number <= MF_FLOW_UDP)
            rc = put_body_of(&rewrite, &field, &result);
        else if (field.number < OWN_FIELDS || !rewrite.drop_own)
            rc = mf_wire_put_field(out, &field);
    }
    if (!rc && cursor.error)
        rc = MF_ECORRUPT;
    if (!rc && ret_result)
        *ret_result = result;
    return rc;
}

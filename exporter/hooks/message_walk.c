/* Request and Response: what changed in them since they were told. */
#include <string.h>
#include <strings.h>

#include "exporter/hooks/tap.h"
#include "exporter/hooks/walk.h"
#include "flow/half_numbers.h"
#include "pb/wire.h"

/* How Request and Response number what they have in common. */
struct numbers {
    uint32_t content, http_version, start, end, truncated;
};
static const struct numbers REQUEST = {4, 6, 9, 10, 12};
static const struct numbers RESPONSE = {3, 5, 8, 9, 10};

enum {
    REQUEST_FIELD = 2, /* of HTTPFlow */
    SIZE_MAX_DIGITS = 18,
    VARINT_MAX_LEN = 10,
};

/* ---- header fields ---- */

static bool is_name(const uint8_t *data, size_t len, const char *name)
{
    return len == strlen(name) &&
           strncasecmp((const char *)data, name, len) == 0;
}

static uint64_t read_size(const uint8_t *text, size_t len)
{
    uint64_t size = 0;
    if (len > SIZE_MAX_DIGITS)
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        size = size * 10 + (uint64_t)(text[i] - '0');
    }
    return size;
}

static void note_header(struct mf_told_message *told, const uint8_t *name,
                        size_t name_len, const uint8_t *value, size_t value_len)
{
    if (is_name(name, name_len, "content-encoding")) {
        if (value_len && !is_name(value, value_len, "identity"))
            told->is_encoded = true;
    } else if (is_name(name, name_len, "content-length")) {
        told->content_length = read_size(value, value_len);
    }
}

static size_t put_varint(uint8_t *at, uint64_t value)
{
    if (value >= 128)
        return mf_wire_encode_varint(at, value);
    *at = (uint8_t)value;
    return 1;
}

static size_t put_bytes(uint8_t *at, uint32_t number, const uint8_t *data,
                        size_t len)
{
    if (len == 0)
        return 0;
    at[0] = (uint8_t)(number << 3 | (unsigned)MF_WIRE_LEN);
    size_t head_len = 1 + put_varint(at + 1, len);
    memcpy(at + head_len, data, len);
    return head_len + len;
}

/* A HeaderField in one go: there are many. */
static void put_field(struct mf_encoder *enc, uint32_t number,
                      const uint8_t *name, size_t name_len,
                      const uint8_t *value, size_t value_len)
{
    struct mf_buf *buf = &enc->buf;
    size_t body_len = 0;
    if (name_len)
        body_len += 1 + mf_wire_varint_len(name_len) + name_len;
    if (value_len)
        body_len += 1 + mf_wire_varint_len(value_len) + value_len;
    if (!enc->error)
        enc->error = mf_buf_reserve(buf, 2 * VARINT_MAX_LEN + body_len);
    if (enc->error)
        return;
    uint8_t *at = buf->data + buf->len;
    at += put_varint(at, (uint64_t)number << 3 | (unsigned)MF_WIRE_LEN);
    at += put_varint(at, body_len);
    at += put_bytes(at, 1, name, name_len);
    at += put_bytes(at, 2, value, value_len);
    buf->len = (size_t)(at - buf->data);
}

/* A field, if it is a pair of bytes. */
static void put_pair(struct mf_walk *walk, uint32_t number, PyObject *first,
                     PyObject *second, struct mf_told_message *told)
{
    const uint8_t *name, *value;
    size_t name_len, value_len;
    if (!mf_walk_to_bytes(first, &name, &name_len) ||
        !mf_walk_to_bytes(second, &value, &value_len))
        return;
    put_field(walk->enc, number, name, name_len, value, value_len);
    if (told)
        note_header(told, name, name_len, value, value_len);
}

/* The fields of a Headers object, a tuple of tuples; `told` (NULL: none) gets
 * what they say. False: they are something else, from the one on that is at
 * *ret_end. */
static bool put_tuples(struct mf_walk *walk, uint32_t number, PyObject *fields,
                       struct mf_told_message *told, Py_ssize_t *ret_end)
{
    Py_ssize_t count = PyTuple_CheckExact(fields) ? PyTuple_Size(fields) : -1;
    Py_ssize_t i = 0;
    for (; i < count; i++) {
        PyObject *pair = PyTuple_GetItem(fields, i);
        if (!PyTuple_CheckExact(pair) || PyTuple_Size(pair) < 2)
            break;
        put_pair(walk, number, PyTuple_GetItem(pair, 0),
                 PyTuple_GetItem(pair, 1), told);
    }
    *ret_end = i;
    return i == count;
}

/* As above, of any kind. True: they can never change, as tuples of bytes
 * cannot. */
static bool put_fields(struct mf_walk *walk, uint32_t number, PyObject *fields,
                       struct mf_told_message *told)
{
    Py_ssize_t i;
    PyObject *pair;
    if (put_tuples(walk, number, fields, told, &i))
        return true;
    for (; (pair = mf_walk_item(fields, i)); i++) {
        PyObject *first = mf_walk_item(pair, 0);
        PyObject *second = mf_walk_item(pair, 1);
        put_pair(walk, number, first, second, told);
        Py_XDECREF(first);
        Py_XDECREF(second);
        Py_DECREF(pair);
    }
    return false;
}

/* ---- telling what changed ---- */

/* What was put since `from` is the field, or fields, of `bit`. */
static void note(struct mf_walk *walk, struct mf_told_message *told,
                 unsigned bit, size_t from)
{
    if (walk->enc->error)
        return;
    if (walk->enc->buf.len > from)
        told->has |= bit;
    else if (told->has & bit)
        walk->is_part_short = true;
}

/* Header or trailer fields, from a Headers object (NULL: none); true if they
 * are not those that were told. */
static bool put_headers(struct mf_walk *walk, bool is_trailers,
                        PyObject *headers, struct mf_told_message *told)
{
    PyObject **known = is_trailers ? &told->trailers : &told->fields;
    PyObject *fields =
        headers ? mf_walk_get(walk, headers, MF_NAME_fields) : NULL;
    unsigned bit = is_trailers ? MF_TOLD_TRAILERS : MF_TOLD_HEADERS;
    if (fields == *known && (fields || !(told->has & bit))) {
        Py_XDECREF(fields);
        return false;
    }
    size_t from = walk->enc->buf.len;
    if (!is_trailers) {
        told->is_encoded = false;
        told->content_length = 0;
    }
    bool is_fixed = fields && put_fields(walk,
                                         is_trailers ? MF_HALF_TRAILER_FIELDS
                                                     : MF_HALF_HEADER_FIELDS,
                                         fields, is_trailers ? NULL : told);
    note(walk, told, bit, from);
    if (!is_fixed)
        Py_CLEAR(fields);
    PyObject *old = *known;
    *known = fields;
    Py_XDECREF(old);
    return true;
}

static void put_time(struct mf_walk *walk, uint32_t number,
                     PyObject *const *values, int place,
                     struct mf_told_message *told, unsigned bit)
{
    PyObject *now = values[place], *old = told->values[place];
    if (now == old)
        return;
    double seconds = mf_walk_to_seconds(now);
    /* The same moment may be another object. */
    if (old && mf_walk_to_seconds(old) == seconds)
        return;
    size_t from = walk->enc->buf.len;
    mf_encoder_seconds(walk->enc, number, seconds);
    note(walk, told, bit, from);
}

static void put_text(struct mf_walk *walk, uint32_t number,
                     PyObject *const *values, int place,
                     struct mf_told_message *told, unsigned bit,
                     enum mf_text_escape escape)
{
    if (values[place] == told->values[place])
        return;
    const uint8_t *data;
    size_t len, from = walk->enc->buf.len;
    if (mf_walk_to_bytes(values[place], &data, &len))
        mf_encoder_text(walk->enc, number, data, len, escape);
    note(walk, told, bit, from);
}

static void put_status(struct mf_walk *walk, PyObject *const *values,
                       struct mf_told_message *told)
{
    if (values[MF_RESPONSE_STATUS] == told->values[MF_RESPONSE_STATUS])
        return;
    size_t from = walk->enc->buf.len;
    mf_encoder_varint_opt(
        walk->enc, 1, (uint64_t)mf_walk_to_int(values[MF_RESPONSE_STATUS], 0));
    note(walk, told, MF_TOLD_STATUS, from);
}

/* ---- the body ---- */

/* How a body goes out. */
struct body {
    PyObject *object; /* a reference; NULL: there is none (yet) */
    const uint8_t *data;
    size_t len, kept;
    uint64_t size; /* told where the body is not kept whole; else 0 */
    bool is_raw, is_streamed, is_cut;
};

/* One that mitmproxy passes on as it comes. */
static void read_streamed(struct mf_walk *walk, PyObject *stream, bool has_end,
                          const struct mf_told_message *told, struct body *body)
{
    body->is_streamed = true;
    if (body->object)
        return; /* it was told to keep it all the same */
    body->is_cut = true;
    body->size = told->content_length;
    if (!walk->tap_type || !mf_tap_check(walk->tap_type, stream))
        return;
    uint64_t count = mf_tap_count(stream);
    if (count || has_end) {
        body->size = count;
        if (has_end || walk->is_end)
            body->object = mf_tap_kept(stream);
    }
    body->is_cut = !has_end || count > 0;
}

static struct body read_body(struct mf_walk *walk, PyObject *message,
                             PyObject *const *values,
                             const struct mf_told_message *told)
{
    struct body body = {0};
    PyObject *content = values[MF_MESSAGE_CONTENT];
    if (content && PyBytes_Check(content)) {
        Py_INCREF(content);
        body.object = content;
    }
    PyObject *stream = mf_walk_get(walk, message, MF_NAME_stream);
    /* Of one that has come to its end someone has thrown it away. */
    body.is_cut = !content && values[MF_MESSAGE_END];
    if (stream && mf_walk_is_true(stream))
        read_streamed(walk, stream, values[MF_MESSAGE_END] != NULL, told,
                      &body);
    Py_XDECREF(stream);
    if (!mf_walk_to_bytes(body.object, &body.data, &body.len))
        return body;
    body.kept = body.len < walk->body_max ? body.len : walk->body_max;
    body.is_raw = told->is_encoded && body.kept;
    if (body.size == 0)
        body.size = body.len;
    body.is_cut = body.kept < body.size;
    if (!body.is_cut)
        body.size = 0;
    return body;
}

static bool is_as_told(const struct body *body, PyObject *const *values,
                       const struct mf_told_message *told)
{
    return values[MF_MESSAGE_CONTENT] == told->values[MF_MESSAGE_CONTENT] &&
           body->kept == told->kept && body->size == told->size &&
           body->is_raw == told->is_raw && body->is_cut == told->is_cut &&
           body->is_streamed == told->is_streamed;
}

static void put_body(struct mf_walk *walk, const struct numbers *numbers,
                     PyObject *message, PyObject *const *values,
                     struct mf_told_message *told)
{
    struct body body = read_body(walk, message, values, told);
    if (!is_as_told(&body, values, told)) {
        size_t from = walk->enc->buf.len;
        if (body.kept)
            mf_walk_put_body(
                walk, body.is_raw ? MF_HALF_RAW_CONTENT : numbers->content,
                body.data, body.kept, body.object);
        mf_encoder_varint_opt(walk->enc, numbers->truncated, body.is_cut);
        mf_encoder_varint_opt(walk->enc, MF_HALF_CONTENT_SIZE, body.size);
        mf_encoder_varint_opt(walk->enc, MF_HALF_STREAMED, body.is_streamed);
        note(walk, told, MF_TOLD_BODY, from);
        told->kept = body.kept;
        told->size = body.size;
        told->is_raw = body.is_raw;
        told->is_cut = body.is_cut;
        told->is_streamed = body.is_streamed;
    }
    Py_XDECREF(body.object);
}

/* ---- all of it ---- */

static bool is_url_as_told(PyObject *const *values,
                           const struct mf_told_message *told)
{
    return values[MF_MESSAGE_VERSION] == told->values[MF_MESSAGE_VERSION] &&
           memcmp(values + MF_REQUEST_METHOD, told->values + MF_REQUEST_METHOD,
                  (MF_REQUEST_VALUES - MF_REQUEST_METHOD) * sizeof *values) ==
               0;
}

/* The values are told now: take them over. */
static void remember(PyObject **values, size_t count,
                     struct mf_told_message *told)
{
    /* These may change in place: their fields are known instead. */
    Py_CLEAR(values[MF_MESSAGE_HEADERS]);
    Py_CLEAR(values[MF_MESSAGE_TRAILERS]);
    for (size_t i = 0; i < count; i++) {
        PyObject *old = told->values[i];
        told->values[i] = values[i];
        Py_XDECREF(old);
    }
}

void mf_walk_put_message(struct mf_walk *walk, uint32_t number,
                         PyObject *message, PyObject *data,
                         struct mf_told_message *told)
{
    struct mf_encoder *enc = walk->enc;
    bool is_request = number == REQUEST_FIELD;
    const struct numbers *numbers = is_request ? &REQUEST : &RESPONSE;
    enum mf_shape_kind kind = is_request ? MF_SHAPE_REQUEST : MF_SHAPE_RESPONSE;
    PyObject *values[MF_REQUEST_VALUES];
    mf_shape_read(&walk->shapes, kind, data, values);
    size_t before = enc->buf.len;
    struct mf_mark mark = mf_encoder_begin(enc, number);
    /* First, out of the order of numbers: the rest depends on them. */
    bool has_new_headers =
        put_headers(walk, false, values[MF_MESSAGE_HEADERS], told);
    if (!is_request) {
        put_status(walk, values, told);
        put_text(walk, 11, values, MF_RESPONSE_REASON, told, MF_TOLD_REASON,
                 MF_TEXT_LATIN1);
    } else if (has_new_headers || !(told->has & MF_TOLD_MESSAGE) ||
               !is_url_as_told(values, told)) {
        mf_walk_put_urls(walk, message, values, told);
    }
    put_text(walk, numbers->http_version, values, MF_MESSAGE_VERSION, told,
             MF_TOLD_VERSION, MF_TEXT_REPLACE);
    put_time(walk, numbers->start, values, MF_MESSAGE_START, told,
             MF_TOLD_START);
    put_time(walk, numbers->end, values, MF_MESSAGE_END, told, MF_TOLD_END);
    put_body(walk, numbers, message, values, told);
    put_headers(walk, true, values[MF_MESSAGE_TRAILERS], told);
    bool is_empty = !enc->error && enc->buf.len == mark.at;
    mf_encoder_end(enc, mark);
    if (is_empty && told->has & MF_TOLD_MESSAGE)
        enc->buf.len = before;
    told->has |= MF_TOLD_MESSAGE;
    remember(values, mf_shape_count(kind), told);
}

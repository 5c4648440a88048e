#include "codec/tnetstring.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/utf8.h"

/* ---- reading ---- */

enum { LEN_MAX_DIGITS = 12, NUMBER_MAX_LEN = 400 };

struct mf_cursor mf_tnet_inside(struct mf_tnet container)
{
    bool has = container.type == MF_TNET_LIST || container.type == MF_TNET_DICT;
    return mf_cursor_make(container.data.text, has ? container.data.len : 0);
}

uint64_t mf_tnet_len(struct mf_cursor *cursor)
{
    uint64_t len = 0;
    for (int digits = 0;; digits++) {
        uint8_t c = mf_cursor_u8(cursor);
        if (cursor->error || (c == ':' && digits > 0))
            return len;
        if (c < '0' || c > '9' || digits == LEN_MAX_DIGITS) {
            cursor->at--;
            mf_cursor_fail(cursor, MF_ECORRUPT);
            return 0;
        }
        len = len * 10 + (uint64_t)(c - '0');
    }
}

bool mf_tnet_next(struct mf_cursor *cursor, struct mf_tnet *ret_value)
{
    if (mf_cursor_done(cursor))
        return false;
    uint64_t len = mf_tnet_len(cursor);
    const uint8_t *data = mf_cursor_bytes(cursor, len);
    uint8_t type = mf_cursor_u8(cursor);
    if (cursor->error)
        return false;
    *ret_value = (struct mf_tnet){
        (enum mf_tnet_type)type,
        {(const char *)data, (size_t)len},
    };
    return true;
}

static bool is_span(struct mf_span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

static bool is_int(struct mf_span text)
{
    size_t at = text.len && (text.text[0] == '-' || text.text[0] == '+');
    if (at == text.len || text.len > NUMBER_MAX_LEN)
        return false;
    for (; at < text.len; at++)
        if (text.text[at] < '0' || text.text[at] > '9')
            return false;
    return true;
}

static bool is_float(struct mf_span text, double *ret_value)
{
    char copy[NUMBER_MAX_LEN + 1], *end;
    if (text.len == 0 || text.len > NUMBER_MAX_LEN)
        return false;
    memcpy(copy, text.text, text.len);
    copy[text.len] = '\0';
    /* strtod() takes more than Python does. */
    if (strspn(copy, "0123456789+-.eEinfatyINFATY") != text.len)
        return false;
    *ret_value = strtod(copy, &end);
    return end == copy + text.len;
}

static const char *check_scalar(struct mf_tnet value)
{
    double number;
    switch (value.type) {
    case MF_TNET_BYTES:
        return NULL;
    case MF_TNET_TEXT:
        return mf_utf8_valid(value.data.text, value.data.len)
                   ? NULL
                   : "text that is not UTF-8";
    case MF_TNET_INT:
        return is_int(value.data) ? NULL : "not a whole number";
    case MF_TNET_FLOAT:
        return is_float(value.data, &number) ? NULL : "not a number";
    case MF_TNET_BOOL:
        return is_span(value.data, "true") || is_span(value.data, "false")
                   ? NULL
                   : "neither true nor false";
    case MF_TNET_NULL:
        return value.data.len ? "null with something in it" : NULL;
    default:
        return "an unknown type of value";
    }
}

/* One level of what is being checked. */
struct level {
    struct mf_cursor cursor;
    bool is_dict;
    size_t count;
};

static const char *check_key(const struct level *level, struct mf_tnet value)
{
    if (!level->is_dict || level->count % 2 == 1)
        return NULL;
    return value.type == MF_TNET_BYTES || value.type == MF_TNET_TEXT ||
                   value.type == MF_TNET_INT
               ? NULL
               : "a key that is no text";
}

int mf_tnet_check(struct mf_tnet value, const uint8_t **ret_at,
                  const char **ret_why)
{
    struct level levels[MF_TNET_DEPTH_MAX];
    size_t depth = 0;
    const char *why = NULL;
    *ret_at = (const uint8_t *)value.data.text;
    for (;;) {
        if (value.type == MF_TNET_LIST || value.type == MF_TNET_DICT) {
            if (depth == MF_TNET_DEPTH_MAX)
                why = "nested too deep";
            else
                levels[depth++] = (struct level){mf_tnet_inside(value),
                                                 value.type == MF_TNET_DICT, 0};
        } else {
            why = check_scalar(value);
        }
        while (!why && depth && mf_cursor_done(&levels[depth - 1].cursor)) {
            const struct level *ended = &levels[--depth];
            *ret_at = ended->cursor.at;
            if (ended->is_dict && ended->count % 2)
                why = "a key without a value";
        }
        if (why)
            break;
        if (!depth)
            return 0;
        struct level *level = &levels[depth - 1];
        *ret_at = level->cursor.at;
        if (!mf_tnet_next(&level->cursor, &value)) {
            why = "a length that is wrong";
            break;
        }
        why = check_key(level, value);
        level->count++;
        if (why)
            break;
        *ret_at = (const uint8_t *)value.data.text;
    }
    *ret_why = why;
    return MF_ECORRUPT;
}

struct mf_tnet mf_tnet_find(struct mf_tnet dict, const char *key)
{
    struct mf_tnet name, value;
    struct mf_cursor cursor = mf_tnet_inside(dict);
    if (dict.type == MF_TNET_DICT)
        while (mf_tnet_next(&cursor, &name) && mf_tnet_next(&cursor, &value))
            if (is_span(mf_tnet_text(name), key))
                return value;
    return (struct mf_tnet){0, {"", 0}};
}

struct mf_tnet mf_tnet_item(struct mf_tnet list, size_t index)
{
    struct mf_tnet value;
    struct mf_cursor cursor = mf_tnet_inside(list);
    if (list.type == MF_TNET_LIST)
        for (size_t i = 0; mf_tnet_next(&cursor, &value); i++)
            if (i == index)
                return value;
    return (struct mf_tnet){0, {"", 0}};
}

bool mf_tnet_is_set(struct mf_tnet value)
{
    return value.type != 0 && value.type != MF_TNET_NULL;
}

bool mf_tnet_is_true(struct mf_tnet value)
{
    double number;
    if (value.type == MF_TNET_BOOL)
        return is_span(value.data, "true");
    return mf_tnet_double(value, &number) && number != 0;
}

struct mf_span mf_tnet_text(struct mf_tnet value)
{
    return value.type == MF_TNET_BYTES || value.type == MF_TNET_TEXT
               ? value.data
               : (struct mf_span){"", 0};
}

bool mf_tnet_double(struct mf_tnet value, double *ret_value)
{
    return (value.type == MF_TNET_INT || value.type == MF_TNET_FLOAT) &&
           is_float(value.data, ret_value) && isfinite(*ret_value);
}

bool mf_tnet_int(struct mf_tnet value, int64_t *ret_value)
{
    double number;
    char copy[NUMBER_MAX_LEN + 1];
    if (value.type == MF_TNET_INT && value.data.len <= NUMBER_MAX_LEN) {
        memcpy(copy, value.data.text, value.data.len);
        copy[value.data.len] = '\0';
        *ret_value = strtoll(copy, NULL, 10);
        return true;
    }
    if (!mf_tnet_double(value, &number))
        return false;
    if (number >= 0x1p63)
        *ret_value = INT64_MAX;
    else
        *ret_value = number < -0x1p63 ? INT64_MIN : (int64_t)number;
    return true;
}

/* ---- writing ---- */

enum { KEPT_LEN = 4 << 20 };

void mf_tnet_out_init(struct mf_tnet_out *out)
{
    *out = (struct mf_tnet_out){0};
    mf_buf_init(&out->buf, SIZE_MAX / 4);
}

void mf_tnet_out_release(struct mf_tnet_out *out)
{
    mf_buf_release(&out->buf);
    free(out->splices);
    out->splices = NULL;
    out->splice_count = out->splice_cap = 0;
}

static void put(struct mf_tnet_out *out, const void *data, size_t len)
{
    if (!out->error)
        out->error = mf_buf_append(&out->buf, data, len);
}

static void put_string(struct mf_tnet_out *out, const char *text)
{
    put(out, text, strlen(text));
}

void mf_tnet_put_null(struct mf_tnet_out *out)
{
    put_string(out, "0:~");
}

void mf_tnet_put_bool(struct mf_tnet_out *out, bool value)
{
    put_string(out, value ? "4:true!" : "5:false!");
}

void mf_tnet_put_int(struct mf_tnet_out *out, int64_t value)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRId64, value);
    if (!out->error)
        out->error = mf_buf_printf(&out->buf, "%d:%s#", len, text);
}

void mf_tnet_put_double(struct mf_tnet_out *out, double value)
{
    enum { SHORT_DIGITS = 15, ALL_DIGITS = 17 };
    char text[40];
    int len = 0;
    for (int digits = SHORT_DIGITS; digits <= ALL_DIGITS; digits++) {
        len = snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    if (!out->error)
        out->error = mf_buf_printf(&out->buf, "%d:%s^", len, text);
}

static void splice(struct mf_tnet_out *out, struct mf_span bytes)
{
    struct mf_tnet_splice *grown =
        mf_array_grow(out->splices, out->splice_count, &out->splice_cap,
                      sizeof *out->splices);
    if (!grown) {
        out->error = MF_ENOMEM;
        return;
    }
    out->splices = grown;
    out->splices[out->splice_count++] =
        (struct mf_tnet_splice){out->buf.len, bytes};
    out->spliced_len += bytes.len;
}

void mf_tnet_put_value(struct mf_tnet_out *out, struct mf_tnet value)
{
    char type = (char)value.type;
    if (!out->error)
        out->error = mf_buf_printf(&out->buf, "%zu:", value.data.len);
    if (!out->error && value.data.len >= MF_TNET_SPLICE_MIN_LEN)
        splice(out, value.data);
    else
        put(out, value.data.text, value.data.len);
    put(out, &type, 1);
}

void mf_tnet_put_bytes(struct mf_tnet_out *out, struct mf_span bytes)
{
    mf_tnet_put_value(out, (struct mf_tnet){MF_TNET_BYTES, bytes});
}

void mf_tnet_put_text(struct mf_tnet_out *out, struct mf_span text)
{
    mf_tnet_put_value(out, (struct mf_tnet){MF_TNET_TEXT, text});
}

void mf_tnet_put_string(struct mf_tnet_out *out, const char *text)
{
    mf_tnet_put_text(out, (struct mf_span){text, strlen(text)});
}

struct mf_tnet_mark mf_tnet_begin(struct mf_tnet_out *out)
{
    return (struct mf_tnet_mark){out->buf.len, out->splice_count,
                                 out->spliced_len};
}

void mf_tnet_end(struct mf_tnet_out *out, struct mf_tnet_mark mark,
                 enum mf_tnet_type type)
{
    char head[24], end = (char)type;
    if (out->error)
        return;
    uint64_t len = out->buf.len - mark.at;
    len += out->spliced_len - mark.spliced_len;
    size_t head_len = (size_t)snprintf(head, sizeof head, "%" PRIu64 ":", len);
    out->error = mf_buf_reserve(&out->buf, head_len + 1);
    if (out->error)
        return;
    uint8_t *at = out->buf.data + mark.at;
    memmove(at + head_len, at, out->buf.len - mark.at);
    memcpy(at, head, head_len);
    out->buf.len += head_len;
    for (size_t i = mark.splice; i < out->splice_count; i++)
        out->splices[i].at += head_len;
    put(out, &end, 1);
}

int mf_tnet_out_flush(struct mf_tnet_out *out,
                      int (*write)(void *user, const void *data, size_t len),
                      void *user)
{
    size_t at = 0;
    int rc = out->error;
    for (size_t i = 0; !rc && i < out->splice_count; i++) {
        const struct mf_tnet_splice *next = &out->splices[i];
        if (next->at > at)
            rc = write(user, out->buf.data + at, next->at - at);
        if (!rc)
            rc = write(user, next->bytes.text, next->bytes.len);
        at = next->at;
    }
    if (!rc && out->buf.len > at)
        rc = write(user, out->buf.data + at, out->buf.len - at);
    out->splice_count = 0;
    out->spliced_len = 0;
    if (out->buf.cap > KEPT_LEN)
        mf_buf_release(&out->buf);
    mf_buf_clear(&out->buf);
    return rc;
}

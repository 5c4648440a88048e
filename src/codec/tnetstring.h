/*
 * Typed netstrings, which mitmproxy's dump files are made of: LENGTH:DATA and a
 * byte that tells the type.
 *
 * Reading borrows: a value is a span, and what is inside of it is stepped
 * through. Containers may be nested MF_TNET_DEPTH_MAX deep.
 *
 * Thread:  any.
 */
#ifndef MF_CODEC_TNETSTRING_H
#define MF_CODEC_TNETSTRING_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/span.h"

enum { MF_TNET_DEPTH_MAX = 32, MF_TNET_HEAD_MAX_LEN = 13 };

enum mf_tnet_type {
    MF_TNET_BYTES = ',',
    MF_TNET_TEXT = ';', /* UTF-8 */
    MF_TNET_INT = '#',
    MF_TNET_FLOAT = '^',
    MF_TNET_BOOL = '!',
    MF_TNET_NULL = '~',
    MF_TNET_LIST = ']',
    MF_TNET_DICT = '}', /* key, value, key, value */
};

struct mf_tnet {
    enum mf_tnet_type type; /* 0: there is none */
    struct mf_span data;
};

/* ---- reading ---- */

/* Step to the next value; false at the end and, with cursor->error, where
 * there is none. Only this value's head and type are looked at. */
bool mf_tnet_next(struct mf_cursor *cursor, struct mf_tnet *ret_value);

/*
 * See to it that `value` is well-formed, and all inside of it. MF_ECORRUPT:
 * *ret_at is the place of what is wrong and *ret_why says what it is.
 */
int mf_tnet_check(struct mf_tnet value, const uint8_t **ret_at,
                  const char **ret_why);

/* A value's length and its colon, at its head; an error of the cursor where
 * there is none. */
uint64_t mf_tnet_len(struct mf_cursor *cursor);

/* The value of a key, in a dictionary; of others, and if there is none, a
 * value of type 0. */
struct mf_tnet mf_tnet_find(struct mf_tnet dict, const char *key);
/* The value of place `index` in a list. */
struct mf_tnet mf_tnet_item(struct mf_tnet list, size_t index);
struct mf_cursor mf_tnet_inside(struct mf_tnet container);

/* What is there, and neither missing nor null. */
bool mf_tnet_is_set(struct mf_tnet value);
/* True, or a number other than 0. */
bool mf_tnet_is_true(struct mf_tnet value);
/* Text or bytes; else empty. */
struct mf_span mf_tnet_text(struct mf_tnet value);
/* False: no number. A float is cut, and both are kept in their range. */
bool mf_tnet_int(struct mf_tnet value, int64_t *ret_value);
bool mf_tnet_double(struct mf_tnet value, double *ret_value);

/* ---- writing ---- */

/*
 * Gathers values. Strings of MF_TNET_SPLICE_MIN_LEN and more are not copied:
 * they must live until mf_tnet_out_flush(). Errors are sticky.
 */
enum { MF_TNET_SPLICE_MIN_LEN = 32 << 10 };
struct mf_tnet_splice {
    size_t at; /* in `buf`: before what is there */
    struct mf_span bytes;
};
struct mf_tnet_out {
    struct mf_buf buf;
    struct mf_tnet_splice *splices;
    size_t splice_count, splice_cap;
    uint64_t spliced_len;
    int error;
};
struct mf_tnet_mark {
    size_t at, splice;
    uint64_t spliced_len;
};

void mf_tnet_out_init(struct mf_tnet_out *out);
void mf_tnet_out_release(struct mf_tnet_out *out);

void mf_tnet_put_null(struct mf_tnet_out *out);
void mf_tnet_put_bool(struct mf_tnet_out *out, bool value);
void mf_tnet_put_int(struct mf_tnet_out *out, int64_t value);
void mf_tnet_put_double(struct mf_tnet_out *out, double value);
void mf_tnet_put_bytes(struct mf_tnet_out *out, struct mf_span bytes);
void mf_tnet_put_text(struct mf_tnet_out *out, struct mf_span text);
void mf_tnet_put_string(struct mf_tnet_out *out, const char *text);
/* A value as it was read. */
void mf_tnet_put_value(struct mf_tnet_out *out, struct mf_tnet value);
struct mf_tnet_mark mf_tnet_begin(struct mf_tnet_out *out);
void mf_tnet_end(struct mf_tnet_out *out, struct mf_tnet_mark mark,
                 enum mf_tnet_type type);

/* Write all to `write` and forget it; the first error. */
int mf_tnet_out_flush(struct mf_tnet_out *out,
                      int (*write)(void *user, const void *data, size_t len),
                      void *user);

#endif

/*
 * mf_json_out: writes JSON (RFC 8259) as it goes, in memory of a fixed size.
 * What comes out is always UTF-8 and well-formed, whatever goes in, as long
 * as what is begun is ended.
 *
 * Errors are sticky: after the first, nothing is written and `error` tells it.
 *
 * Thread:  one at a time.
 */
#ifndef MF_EXPORT_JSON_OUT_H
#define MF_EXPORT_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { MF_JSON_OUT_DEPTH_MAX = 64 };

struct mf_json_out {
    /* Small pieces, many of them; not 0: an error. */
    int (*write)(void *user, const void *data, size_t len);
    void *user;
    int error;
    unsigned depth;
    uint64_t has_items; /* a bit for each level: a comma is due */
    bool is_after_key;
};

void mf_json_out_init(struct mf_json_out *json,
                      int (*write)(void *user, const void *data, size_t len),
                      void *user);

/* Objects and arrays, at most MF_JSON_OUT_DEPTH_MAX deep (asserted). */
void mf_json_begin_object(struct mf_json_out *json);
void mf_json_end_object(struct mf_json_out *json);
void mf_json_begin_array(struct mf_json_out *json);
void mf_json_end_array(struct mf_json_out *json);

/* The name of the value that follows; plain ASCII that needs no escapes. */
void mf_json_put_key(struct mf_json_out *json, const char *name);
/* The same of any text, as mf_json_put_text(). */
void mf_json_put_key_text(struct mf_json_out *json, struct mf_span name);

/* A string; what is not UTF-8 in it becomes U+FFFD. */
void mf_json_put_text(struct mf_json_out *json, struct mf_span text);
void mf_json_put_string(struct mf_json_out *json, const char *text);
/* The same, but if not all of it is UTF-8 it is read as ISO-8859-1, as HTTP
 * once meant it. */
void mf_json_put_latin1(struct mf_json_out *json, struct mf_span text);
/* A string of bytes in base64, padded. */
void mf_json_put_base64(struct mf_json_out *json, struct mf_span bytes);

void mf_json_put_int(struct mf_json_out *json, int64_t value);
void mf_json_put_uint(struct mf_json_out *json, uint64_t value);
/* As short as reads back the same; null for what is not finite. */
void mf_json_put_double(struct mf_json_out *json, double value);
void mf_json_put_bool(struct mf_json_out *json, bool value);
void mf_json_put_null(struct mf_json_out *json);
/* RFC 3339 in UTC with 3, 6 or 9 digits behind the second. */
void mf_json_put_time(struct mf_json_out *json, int64_t ns);

/* What stands outside of values: white space, that is. */
void mf_json_put_raw(struct mf_json_out *json, const char *text);

/* Text that a JSON string can hold and people can read: UTF-8, and no more
 * control characters than text has, none of them NUL. */
bool mf_json_is_text(struct mf_span bytes);

#endif

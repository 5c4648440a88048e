/*
 * Header values with parameters: media types (RFC 9110, section 8.3.1),
 * Content-Disposition (RFC 6266), cookies' attributes.
 *
 *   multipart/form-data; boundary="a b"; charset=utf-8
 *
 * Forgiving: what is malformed is skipped, nothing fails.
 */
#ifndef MF_CODEC_PARAMS_H
#define MF_CODEC_PARAMS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* `text` without white space around it. Borrowed from `text`. */
struct mf_span mf_span_trim(struct mf_span text);

/* True for the same text without regard to the case of ASCII letters. */
bool mf_span_is(struct mf_span text, const char *other);
bool mf_span_starts(struct mf_span text, const char *start);
bool mf_span_ends(struct mf_span text, const char *end);

/* What is before the first ';', trimmed. Borrowed from `header`. */
struct mf_span mf_params_head(struct mf_span header);

struct mf_param {
    struct mf_span name;
    struct mf_span value; /* without its quotes, with its backslashes */
    bool is_quoted;
};

/* What mf_params_next() reads: all after the first ';'. */
struct mf_span mf_params_rest(struct mf_span header);

/* The next parameter of `rest`, which moves on; false: there is none. */
bool mf_params_next(struct mf_span *rest, struct mf_param *ret_param);

/* Find one by its name; false: there is none. */
bool mf_params_find(struct mf_span header, const char *name,
                    struct mf_param *ret_param);

/* Append its value, with the backslashes undone. 0, MF_EFULL or MF_ENOMEM. */
int mf_param_append(const struct mf_param *param, struct mf_buf *out);

#endif

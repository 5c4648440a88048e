/* JSON text (RFC 8259), looked at before libprotobuf, which takes much that
 * is none. */
#ifndef MF_PB_JSON_TEXT_H
#define MF_PB_JSON_TEXT_H

#include <stddef.h>

#include "base/error.h"

enum {
    MF_JSON_DEPTH_MAX = 100, /* how deep objects and arrays may be nested */
    /* Of all kinds in one text: each costs a microsecond and up to twenty
     * bytes beyond its own, so that "{},{}," would be a bomb. */
    MF_JSON_VALUES_MAX = 250000,
};

/*
 * 0 if `text` is one JSON value; in UTF-8, and without half of a surrogate
 * pair.
 *
 *  MF_ECORRUPT  it is not, or is nested too deep, or has too many
 *               values; `err` says where
 */
int mf_json_text_check(const char *text, size_t len, struct mf_err *err);

#endif

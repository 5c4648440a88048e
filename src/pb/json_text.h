/* JSON text (RFC 8259), looked at before libprotobuf, which takes much that
 * is none. */
#ifndef MF_PB_JSON_TEXT_H
#define MF_PB_JSON_TEXT_H

#include <stddef.h>

#include "base/error.h"

/* How deep objects and arrays may be nested. */
enum { MF_JSON_DEPTH_MAX = 100 };

/*
 * 0 if `text` is one JSON value; in UTF-8, and without half of a surrogate
 * pair.
 *
 *  MF_ECORRUPT  it is not, or is nested too deep; `err` says where
 */
int mf_json_text_check(const char *text, size_t len, struct mf_err *err);

#endif

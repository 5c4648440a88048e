/*
 * Python's regular expressions in PCRE2's words: mitmproxy's filters are
 * written in the former and matched here by the latter.
 */
#ifndef MF_QUERY_REGEX_H
#define MF_QUERY_REGEX_H

#include <stddef.h>

#include "base/buf.h"
#include "query/tree.h"

/* Where a regular expression is wrong: bytes from its start. */
struct mf_regex_fault {
    size_t position;
    size_t len;
    char text[160];
};

/*
 * Append to `out` what PCRE2 reads for `text` (UTF-8), in the form that
 * query/tree.h tells, and take the flags at its start into `pattern`, whose
 * own are those that it begins with.
 *
 *  MF_EINVAL  Python would refuse it, or it has what PCRE2 cannot do;
 *             *ret_fault says where
 *  MF_EFULL, MF_ENOMEM
 */
int mf_regex_translate(const char *text, size_t len, struct mf_pattern *pattern,
                       struct mf_buf *out, struct mf_regex_fault *ret_fault);

#endif

/*
 * The translator of regular expressions, for the files that it is made of:
 * regex.c (groups, flags, repeats) and regex_atom.c (literals, escapes,
 * sets).
 */
#ifndef MF_QUERY_REGEX_IMPL_H
#define MF_QUERY_REGEX_IMPL_H

#include "query/regex.h"

struct mf_regex {
    const char *in;
    size_t len;
    size_t at;
    struct mf_pattern *pattern;
    struct mf_buf *out;
    struct mf_regex_fault *fault;
    int rc;               /* sticky */
    struct mf_buf closed; /* a byte for each group that has begun: it ended */
    struct mf_buf names;  /* of struct mf_regex_name */
    size_t depth;
};

struct mf_regex_name {
    size_t at;
    size_t len;
    size_t group;
};

/* What a repeat would repeat. */
enum mf_regex_item {
    MF_REGEX_NOTHING,
    MF_REGEX_ANCHOR,
    MF_REGEX_ATOM,
    MF_REGEX_REPEAT,
};

/* The byte `ahead` of the next one; -1: there is none. */
static inline int mf_regex__peek(const struct mf_regex *regex, size_t ahead)
{
    return regex->at < regex->len && regex->len - regex->at > ahead
               ? (unsigned char)regex->in[regex->at + ahead]
               : -1;
}

/* The first failure stays. */
void mf_regex__fail(struct mf_regex *regex, size_t position, size_t len,
                    const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void mf_regex__put(struct mf_regex *regex, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A reference to group `group`, written from `start` to here. */
void mf_regex__put_reference(struct mf_regex *regex, size_t group,
                             size_t start);

/* Each takes what it is named after from `in`. */
void mf_regex__literal(struct mf_regex *regex);
enum mf_regex_item mf_regex__escape(struct mf_regex *regex);
void mf_regex__set(struct mf_regex *regex);

#endif

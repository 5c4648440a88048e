/*
 * How needles are made, for the files that do it: needles.c (of trees and of
 * texts) and needles_regex.c (of regular expressions).
 */
#ifndef MF_QUERY_NEEDLES_IMPL_H
#define MF_QUERY_NEEDLES_IMPL_H

#include "query/needles.h"
#include "query/tree.h"

/* What a leaf looks at, where that is not one text that each_text() visits:
 * which parts of a literal are certain to be in one. */
enum mf_needle_domain {
    MF_DOMAIN_TEXT,  /* it is */
    MF_DOMAIN_LINES, /* "name: value\r\n", and each name and value is one */
    MF_DOMAIN_PEER,  /* "host:port", and the host is one */
};

struct mf_needle_maker {
    struct mf_arena *arena;
    enum mf_needle_domain domain;
    bool or_binary;
    bool is_out_of_memory; /* what is made then is not to be used */
};

/* None of these gives NULL. */
const struct mf_needles *mf_needles__any(void);

/* Of the literal's characters ASCII ones are found whatever their case;
 * others stand in the text as they are here. */
const struct mf_needles *mf_needles__text(struct mf_needle_maker *maker,
                                          const char *text, size_t len);

/* `items` are borrowed for the call. */
const struct mf_needles *mf_needles__all(struct mf_needle_maker *maker,
                                         const struct mf_needles *const *items,
                                         size_t count);
const struct mf_needles *mf_needles__one(struct mf_needle_maker *maker,
                                         const struct mf_needles *const *items,
                                         size_t count);

const struct mf_needles *mf_needles__pattern(struct mf_needle_maker *maker,
                                             const struct mf_pattern *pattern);

#endif

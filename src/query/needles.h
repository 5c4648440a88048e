/*
 * mf_needles: the texts that a flow must hold to match a filter, as a tree
 * of "all of" and "one of" over literals, for an index that knows which
 * flows can hold a text.
 *
 * Literals are folded (query/fold.h), at least MF_NEEDLE_MIN_LEN bytes, and
 * found in what mf_flow_each_text() visits, in the note or in the id. Those
 * inside a regular expression count where they are certain to be in the
 * match.
 */
#ifndef MF_QUERY_NEEDLES_H
#define MF_QUERY_NEEDLES_H

#include "query/filter.h"

enum { MF_NEEDLE_MIN_LEN = 3 };

enum mf_needles_kind {
    MF_NEEDLES_ANY, /* nothing is certain: every flow may match */
    MF_NEEDLES_TEXT,
    MF_NEEDLES_ALL_OF,
    MF_NEEDLES_ONE_OF,
};

struct mf_needles {
    enum mf_needles_kind kind;
    /* MF_NEEDLES_TEXT: also that a flow with a body that the index does not
     * cover (binary) may match. */
    bool or_binary;
    const char *text; /* folded, not NUL-terminated */
    size_t len;
    const struct mf_needles *const *items; /* ALL_OF, ONE_OF: two at least */
    size_t count;
};

/* Of `filter`; lives as long as it does; never NULL. */
const struct mf_needles *mf_filter_needles(const struct mf_filter *filter);

#endif

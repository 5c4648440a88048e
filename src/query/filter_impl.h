/*
 * What a filter is made of, for the files that make it: parse.c (from an
 * expression), message.c (from a FlowFilter), filter.c.
 */
#ifndef MF_QUERY_FILTER_IMPL_H
#define MF_QUERY_FILTER_IMPL_H

#include <stdatomic.h>

#include "query/arena.h"
#include "query/explain.h"
#include "query/operators.h"
#include "query/tree.h"

struct mf_filter {
    atomic_uint refs;
    struct mf_arena arena;
    const struct mf_term *root;
    const struct mf_needles *needles;
    uint32_t memos; /* leaves that a judge remembers verdicts of */
    bool is_slow;
    struct mf_pattern **patterns; /* owned code, for the end */
    size_t pattern_count;
};

/* The most regular expressions in one filter: each is compiled to code. */
enum { MF_FILTER_MAX_PATTERNS = 250 };

/* Without a tree yet; mf_filter_unref() ends it. NULL: memory is out. */
struct mf_filter *mf_filter__new(void);

/* Terms in the filter's arena; NULL when memory is out. */
struct mf_term *mf_filter__term(struct mf_filter *filter,
                                enum mf_term_kind kind);
/* Of `kind` MF_TERM_AND or _OR over `count` items, which are copied; the
 * item itself if there is one, MF_TERM_ALL if there is none. */
struct mf_term *mf_filter__group(struct mf_filter *filter,
                                 enum mf_term_kind kind,
                                 const struct mf_term *const *items,
                                 size_t count);
struct mf_term *mf_filter__not(struct mf_filter *filter,
                               const struct mf_term *item);

/*
 * A leaf of `kind` that looks for plain text without regard to case;
 * MF_TERM_ALL if there is none. MF_EINVAL: the text is over
 * MF_NEEDLE_MAX_LEN.
 */
int mf_filter__text(struct mf_filter *filter, enum mf_term_kind kind,
                    const char *text, size_t len, struct mf_term **ret_term);

/* A leaf as it was said. */
struct mf_said {
    const struct mf_term *term;
    const struct mf_operator *op; /* NULL: a bare word */
    struct mf_span operand;       /* quotes undone; lives as the filter and the
                                     expression do */
};

/* What the parser came by: for whoever tells users what it understood. */
struct mf_parse_notes {
    struct mf_buf tokens; /* of struct mf_token, in order */
    struct mf_buf said;   /* of struct mf_said: the tree's leaves, in order */
};

/* The tree of an expression. As mf_filter_parse(). `notes` (NULL: nobody
 * asks) has what came before a fault, too. */
int mf_filter__parse(struct mf_filter *filter, const char *text, size_t len,
                     struct mf_parse_notes *notes,
                     const struct mf_term **ret_term,
                     struct mf_filter_fault *ret_fault);

/* The tree of all conditions but the expression. As mf_filter_new(). */
int mf_filter__message(struct mf_filter *filter,
                       const Mitmflow__V1__FlowFilter *message,
                       const struct mf_term **ret_term, struct mf_err *err);

#endif

/*
 * mf_explanation: what an expression of the filter language is made of, and
 * what it asks for in words, as its parser understood it.
 *
 * Any thread. Positions and lengths are bytes of the expression.
 */
#ifndef MF_QUERY_EXPLAIN_H
#define MF_QUERY_EXPLAIN_H

#include "base/buf.h"
#include "query/filter.h"

/* As mitmflow.v1.FilterTokenKind. */
enum mf_token_kind {
    MF_TOKEN_OPERATOR = 1, /* ~d */
    MF_TOKEN_WORD,         /* text, bare or in quotes */
    MF_TOKEN_REGEX,        /* of an operator, with its quotes */
    MF_TOKEN_VALUE,        /* 4xx, >10k, 09:00.., an id */
    MF_TOKEN_CONNECTIVE,   /* & | ! */
    MF_TOKEN_PAREN,
};

struct mf_token {
    enum mf_token_kind kind;
    size_t position;
    size_t len;
};

struct mf_explanation {
    struct mf_buf tokens; /* of struct mf_token, in order, apart */
    /* "Flows where the host matches x and it has an error"; not
     * NUL-terminated; at most MF_EXPLANATION_MAX_LEN; empty with a fault. */
    struct mf_buf words;
    /* text[0] is 0: there is none. Tokens end before it. */
    struct mf_filter_fault fault;
};

enum { MF_EXPLANATION_MAX_LEN = 8192 };

/*
 * 0, also for a wrong expression, with what is the caller's to release; or
 * MF_ENOMEM, with nothing.
 */
int mf_filter_explain(const char *text, size_t len,
                      struct mf_explanation *ret_explanation);
void mf_explanation_release(struct mf_explanation *explanation);

#endif

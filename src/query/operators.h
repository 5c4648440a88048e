/* The operators of the language, as a table. */
#ifndef MF_QUERY_OPERATORS_H
#define MF_QUERY_OPERATORS_H

#include "query/tree.h"

enum mf_operand {
    MF_OPERAND_NONE,
    MF_OPERAND_PATTERN,
    MF_OPERAND_VALUE, /* query/values.h */
    MF_OPERAND_TEXT,
};

struct mf_operator {
    const char *name; /* without ~ */
    /* What it finds, and what its negation does; the operand stands after. */
    const char *says;
    const char *denies;
    enum mf_term_kind kind;
    enum mf_operand operand;
    unsigned types;            /* of MF_TERM_TYPES */
    struct mf_pattern pattern; /* what MF_OPERAND_PATTERN begins with */
};

/* In order of their names; NULL: there are not so many. */
const struct mf_operator *mf_operator_at(size_t index);

/* NULL: there is none of this name. */
const struct mf_operator *mf_operator_find(const char *name, size_t len);

#endif

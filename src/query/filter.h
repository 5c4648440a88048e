/*
 * mf_filter: a compiled filter: an expression of the filter language
 * (docs/filters.md), the conditions of a mitmflow.v1.FlowFilter, or both.
 *
 * The same tree matches a whole record, whether it comes from the store or
 * from the live feed; judges a row of columns without reading the flow; and
 * tells the texts that a flow must hold to match (query/needles.h).
 *
 * Immutable once made; any thread.
 */
#ifndef MF_QUERY_FILTER_H
#define MF_QUERY_FILTER_H

#include <stdbool.h>

#include "base/error.h"
#include "flow/columns.h"
#include "flow/record.h"
#include "mitmflow/v1/mitmflow.pb-c.h"

struct mf_filter;

/* Where an expression is wrong: bytes from its start, and how many. */
struct mf_filter_fault {
    size_t position;
    size_t len;
    char text[200];
};

/* The longest expression, in bytes, and the deepest nesting. */
enum { MF_EXPRESSION_MAX_LEN = 16384, MF_EXPRESSION_MAX_DEPTH = 100 };

/*
 * Compile the expression of `len` bytes; an empty or blank one matches
 * everything. Regular expressions are PCRE2 with limits on matching, depth
 * and heap.
 *
 *  MF_EINVAL  `ret_fault` (NULL is allowed) tells where and why
 *  MF_ENOMEM
 */
int mf_filter_parse(const char *text, size_t len, struct mf_filter **ret_filter,
                    struct mf_filter_fault *ret_fault);

/*
 * Compile `message` (borrowed for the call; NULL matches everything). All
 * given conditions must hold, the expression among them; within a list one
 * is enough. HTTP conditions exclude flows of other types.
 *
 * filter_text is a bare word of the language, whatever is in it. A content
 * type matches a part of the response's media type, else the request's.
 *
 *  MF_EINVAL  an unknown flow type or status, too long a text, or a wrong
 *             expression; `err` says which, and `ret_fault` (NULL is
 *             allowed; len and position 0: not in the expression) where
 *  MF_ENOMEM
 */
int mf_filter_new(const Mitmflow__V1__FlowFilter *message,
                  struct mf_filter **ret_filter,
                  struct mf_filter_fault *ret_fault, struct mf_err *err);
struct mf_filter *mf_filter_ref(struct mf_filter *filter);
void mf_filter_unref(struct mf_filter *filter); /* NULL is allowed */

/* True if every record matches. */
bool mf_filter_is_empty(const struct mf_filter *filter);

/* True if matching may decode and search bodies, or takes long otherwise:
 * not for the loop's thread. */
bool mf_filter_reads_bodies(const struct mf_filter *filter);

/* True if matching looks into bodies that are not text (flow/text.h). */
bool mf_filter_reads_binary(const struct mf_filter *filter);

/*
 * Whether the record matches. It must have its flow; without one the answer
 * is false. So it is when a regular expression met its limits, and
 * `ret_limited` (NULL is allowed) is set to true then, left alone otherwise.
 */
bool mf_filter_match(const struct mf_filter *filter,
                     const struct mf_record *record, bool *ret_limited);

/* ---- judging columns ---- */

enum mf_filter_verdict {
    MF_FILTER_NO,
    MF_FILTER_YES,
    MF_FILTER_UNSURE, /* mf_filter_match() knows */
};

/* Text `id` (not 0) of a dictionary; borrowed for the judge's life. */
typedef struct mf_span mf_name_text(void *user, enum mf_name_kind kind,
                                    uint32_t id);

/* The columns that a judge reads, beside number and type: a bit of a mask for
 * each enum mf_paged_column. */
uint32_t mf_filter_columns(const struct mf_filter *filter);

/*
 * A judge of many rows for one filter: remembers what it found of each name.
 * One thread at a time. `filter` is borrowed for the judge's life.
 */
struct mf_judge;
int mf_judge_new(const struct mf_filter *filter, mf_name_text *name_text,
                 void *user, struct mf_judge **ret_judge);
void mf_judge_free(struct mf_judge *judge); /* NULL is allowed */
enum mf_filter_verdict mf_judge_row(struct mf_judge *judge,
                                    const struct mf_columns *columns);

#endif

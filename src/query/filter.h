/*
 * mf_filter: a compiled mitmflow.v1.FlowFilter. Matches one record, whether
 * it comes from the store or from the live feed.
 *
 * Immutable once made; any thread.
 */
#ifndef MF_QUERY_FILTER_H
#define MF_QUERY_FILTER_H

#include <stdbool.h>

#include "base/error.h"
#include "flow/record.h"
#include "mitmflow/v1/mitmflow.pb-c.h"

struct mf_filter;

/*
 * Compile `message` (borrowed for the call; NULL matches everything).
 * All given conditions must hold; within a list one is enough. HTTP
 * conditions exclude flows of other types.
 *
 * The text is found without regard to case (query/fold.h tells for which
 * letters) in all that mf_flow_each_text() visits, in the note and, from 8
 * bytes on, in the id. A content type matches a part of the response's media
 * type, else the request's.
 *
 *  MF_EINVAL  an unknown flow type or status, or filter_text of over 4 KiB;
 *             `err` says which
 *  MF_ENOMEM
 */
int mf_filter_new(const Mitmflow__V1__FlowFilter *message,
                  struct mf_filter **ret_filter, struct mf_err *err);
struct mf_filter *mf_filter_ref(struct mf_filter *filter);
void mf_filter_unref(struct mf_filter *filter);

/* True if every record matches. */
bool mf_filter_is_empty(const struct mf_filter *filter);

/* True if only pinned flows match. */
bool mf_filter_wants_pin(const struct mf_filter *filter);

/* True if matching may decode and search bodies: not for the loop's thread. */
bool mf_filter_reads_bodies(const struct mf_filter *filter);

/*
 * What can be said of a flow before its snapshot is read, from its type, id
 * and head (its `pinned` and `note` count).
 */
enum mf_filter_verdict {
    MF_FILTER_NO,
    MF_FILTER_YES,
    MF_FILTER_UNSURE, /* mf_filter_match() knows */
};
enum mf_filter_verdict mf_filter_judge(const struct mf_filter *filter,
                                       enum mf_flow_type type,
                                       struct mf_span id,
                                       const struct mf_record_head *head);

/* The record must have its flow; without one only a filter that is sure
 * without it matches, and only if it asks for no type and no id. */
bool mf_filter_match(const struct mf_filter *filter,
                     const struct mf_record *record);

#endif

/*
 * mf_record: a flow as the store keeps it at one change: its snapshot, and
 * what the server and its users added.
 *
 * Immutable once made, shared by reference count, from any thread.
 */
#ifndef MF_FLOW_RECORD_H
#define MF_FLOW_RECORD_H

#include "flow/flow.h"

struct mf_record_head {
    uint64_t number; /* the server's number for the flow, never reused */
    uint64_t change; /* the change that brought this state */
    bool pinned;
    enum mf_flow_state state; /* MF_FLOW_CUT_OFF is only known here */
    const char *source;       /* NUL-terminated, "" if not told */
    const char *note;         /* NUL-terminated, UTF-8 */
};

struct mf_record;

/*
 * Make a record; strings of `head` are copied. `flow` (a reference is
 * taken, not the caller's) may be NULL when only the summary was read; then
 * `derived`, the bytes that mf_flow_put_summary() gave when the flow was
 * put, stands in for it. NULL when memory is out.
 */
struct mf_record *mf_record_new(const struct mf_record_head *head,
                                struct mf_flow *flow, const uint8_t *derived,
                                size_t derived_len);
struct mf_record *mf_record_ref(struct mf_record *record);
void mf_record_unref(struct mf_record *record); /* NULL is allowed */

const struct mf_record_head *mf_record_head(const struct mf_record *record);

/* Borrowed; NULL if only the summary was read. */
struct mf_flow *mf_record_flow(const struct mf_record *record);

/* The whole encoded mitmflow.v1.FlowSummary; lives as long as the record. */
const uint8_t *mf_record_summary(const struct mf_record *record,
                                 size_t *ret_len);

#endif

/*
 * mf_reader: a read-only connection to the store, beside its writer.
 *
 * Thread:  one at a time; make one for each thread that reads.
 */
#ifndef MF_STORE_READER_H
#define MF_STORE_READER_H

#include "store/store.h"

struct mf_reader;

int mf_reader_open(struct mf_store *store, struct mf_reader **ret_reader,
                   struct mf_err *err);
void mf_reader_close(struct mf_reader *reader); /* NULL is allowed */

/* What one read saw; all of it from one state of the database. */
struct mf_window {
    struct mf_record **records; /* owned; newest number first */
    size_t count;
    uint64_t *gone; /* owned; changes only: numbers of deleted flows */
    size_t gone_count;
    uint64_t change;     /* the last change that this answer includes */
    uint64_t head;       /* the last change there is */
    uint64_t flow_count; /* flows kept */
};
void mf_window_release(struct mf_window *window);

/*
 * The newest flows that match, at most `limit`. With `since_ns` not 0 only
 * flows that began later. `cancel` (NULL is allowed) is looked at between
 * flows: true makes the call return MF_ECLOSED.
 */
struct mf_list_query {
    struct mf_filter *filter;
    size_t limit;
    int64_t since_ns;
    bool with_flow; /* records get their flow even if the filter is empty */
    const _Atomic bool *cancel;
};
int mf_reader_list(struct mf_reader *reader, const struct mf_list_query *query,
                   struct mf_window *ret_window, struct mf_err *err);

/*
 * Flows changed after change number `after`, each once, as it is now, in
 * order of change (oldest first), and deletions among them; at most
 * `limit`. Records come with their flow, matching or not.
 *
 *  MF_ENOENT  deletions after `after` are not all known any more, or
 *             `after` is in the future: the caller must start afresh
 */
int mf_reader_changes(struct mf_reader *reader, uint64_t after, size_t limit,
                      struct mf_window *ret_window, struct mf_err *err);

/* One flow with its snapshot. MF_ENOENT: not there. */
int mf_reader_get(struct mf_reader *reader, const struct mf_flow_ref *ref,
                  struct mf_record **ret_record, struct mf_err *err);

#endif

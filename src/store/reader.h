/*
 * mf_reader: a read-only connection to the store, beside its writer. Reads
 * see what was committed.
 *
 * Thread:  one at a time; make one for each thread that reads.
 */
#ifndef MF_STORE_READER_H
#define MF_STORE_READER_H

#include "query/filter.h"
#include "store/store.h"

struct mf_reader;

int mf_reader_open(struct mf_store *store, struct mf_reader **ret_reader,
                   struct mf_err *err);
void mf_reader_close(struct mf_reader *reader); /* NULL is allowed */

/*
 * How many frames, pages and flows could not be read since the last call:
 * each is told once by a reader, and left out of what it reads. *ret_first
 * says what was the first of them. For the log.
 */
size_t mf_reader_take_damage(struct mf_reader *reader,
                             struct mf_err *ret_first);

/* What one read saw; all of it from one state of the database. */
struct mf_window {
    struct mf_record **records; /* owned, without flows unless said */
    size_t count;
    uint64_t *gone; /* owned; changes only: numbers of deleted flows */
    size_t gone_count;
    uint64_t change;     /* the last change that this answer includes */
    uint64_t head;       /* the last change committed */
    uint64_t flow_count; /* flows kept */
};
void mf_window_release(struct mf_window *window);

/*
 * The newest flows that match, newest first, at most `limit`. With
 * `since_ns` not 0 only flows that began later. `cancel` (NULL is allowed)
 * is looked at often: true makes the call return MF_ECLOSED.
 */
struct mf_list_query {
    struct mf_filter *filter; /* NULL: all */
    size_t limit;
    int64_t since_ns;
    const _Atomic bool *cancel;
};
int mf_reader_list(struct mf_reader *reader, const struct mf_list_query *query,
                   struct mf_window *ret_window, struct mf_err *err);

/*
 * Flows changed after change number `after`, each once, as it is now, in
 * order of change (oldest first), and deletions among them; at most
 * `limit`. Flows that `filter` (NULL: all) does not match are among `gone`.
 *
 *  MF_ENOENT  deletions after `after` are not all known any more, or
 *             `after` is in the future: the caller must start afresh
 */
int mf_reader_changes(struct mf_reader *reader, uint64_t after, size_t limit,
                      const struct mf_filter *filter,
                      const _Atomic bool *cancel, struct mf_window *ret_window,
                      struct mf_err *err);

/*
 * One flow with its snapshot, with at most `message_limit` of its messages
 * (0: all that fit 64 MiB). Waits for the commit of a flow that is known but
 * not durable yet. MF_ENOENT: not there; MF_ECORRUPT: it cannot be read.
 */
int mf_reader_get(struct mf_reader *reader, const struct mf_flow_ref *ref,
                  size_t message_limit, struct mf_record **ret_record,
                  struct mf_err *err);

/*
 * Messages of one flow from `first` on, at most `limit`, less if they pass
 * 4 MiB: appended to `out` as fields of the flow's own message, tags
 * included. MF_ENOENT: no such flow.
 */
struct mf_messages {
    enum mf_flow_type type;
    uint64_t count; /* in `out` */
    uint64_t total; /* of the flow */
};
int mf_reader_messages(struct mf_reader *reader, const struct mf_flow_ref *ref,
                       uint64_t first, size_t limit, struct mf_buf *out,
                       struct mf_messages *ret_messages, struct mf_err *err);

/* What was told of a connection (mf_store_put_connection()). */
struct mf_known_connection {
    bool is_server;
    uint32_t event; /* the last; mitmproxy.v1.EventType */
    int64_t at_ns;  /* of the last event; 0: not told, as the next two */
    int64_t opened_ns;
    int64_t closed_ns;
    struct mf_span error; /* both inside `bytes` */
    struct mf_span conn;  /* mf_connection.kept */
    struct mf_buf bytes;  /* owned */
};

/* 1: there; mf_known_connection_release() it. 0: nothing is known of it, or
 * it has no id. Or an error. */
int mf_reader_connection(struct mf_reader *reader, struct mf_span id,
                         const char *source,
                         struct mf_known_connection *ret_known,
                         struct mf_err *err);
void mf_known_connection_release(struct mf_known_connection *known);

/*
 * Visit the files of message types that are kept (mf_store_put_descriptor()),
 * in the order in which they came; borrowed for the visit, of which anything
 * but 0 ends this with that error. What they hold is for the visitor to judge.
 */
struct mf_kept_descriptor {
    uint64_t flow; /* its number; it may be gone */
    struct mf_span bytes;
};
typedef int
mf_reader_visit_descriptor(void *user,
                           const struct mf_kept_descriptor *descriptor);
int mf_reader_descriptors(struct mf_reader *reader,
                          mf_reader_visit_descriptor *visit, void *user,
                          struct mf_err *err);

/* ---- long queries, in steps ---- */

enum mf_sort_key { /* mitmflow.v1.SortKey */
                   MF_SORT_ARRIVAL,
                   MF_SORT_START,
                   MF_SORT_DURATION,
                   MF_SORT_SIZE,
                   MF_SORT_STATUS,
                   MF_SORT_METHOD,
                   MF_SORT_HOST,
                   MF_SORT_CLIENT,
                   MF_SORT_SOURCE,
                   MF_SORT_CONTENT_TYPE,
                   MF_SORT_TYPE,
};

enum { MF_FACETS_MAX = 8 };
enum mf_facet_kind { /* mitmflow.v1.FacetKind */
                     MF_FACET_HOST = 1,
                     MF_FACET_METHOD = 2,
                     MF_FACET_FLOW_TYPE = 3,
                     MF_FACET_STATUS = 4,
                     MF_FACET_DEVICE = 5,
                     MF_FACET_SOURCE = 6,
                     MF_FACET_CONTENT_TYPE = 7,
};

struct mf_query_opts {
    struct mf_filter *filter; /* a reference is taken; NULL: all */
    /* A page of flows ... */
    enum mf_sort_key sort;
    bool ascending;
    size_t limit;
    const char *cursor; /* of an earlier page, or "" */
    size_t offset;      /* so many that match are passed over first */
    int64_t since_ns;   /* 0: any */
    uint64_t before;    /* only smaller numbers; 0: any */
    /* ... or with `only_numbers` those of all that match. */
    bool only_numbers;
    /* ... or with `summarize` counts of them. */
    bool summarize;
    uint32_t bars;          /* of the histogram; 0: none */
    int64_t from_ns, to_ns; /* 0: the first and last start */
    enum mf_facet_kind facets[MF_FACETS_MAX];
    size_t facet_count;
    size_t facet_limit;
    bool with_details; /* what struct mf_summary has only then */
};

struct mf_query;

/*
 * Begin a query; it belongs to no reader and reads nothing yet.
 *  MF_EINVAL  a cursor that no query of this order gave
 */
int mf_query_new(const struct mf_query_opts *opts, struct mf_query **ret_query,
                 struct mf_err *err);
void mf_query_free(struct mf_query *query); /* NULL is allowed */

/*
 * Go on for about `budget_ns`, from any thread, with any reader of the store:
 * between steps nothing is held of the database. 1: there is more to do,
 * 0: done, or an error. `cancel` as in mf_list_query.
 */
int mf_query_step(struct mf_query *query, struct mf_reader *reader,
                  int64_t budget_ns, const _Atomic bool *cancel,
                  struct mf_err *err);

struct mf_query_progress {
    int64_t back_to_ns; /* arrival of the oldest flow looked at; 0: none yet */
    double share;       /* 0 to 1 */
    uint64_t found;
    bool is_limited; /* a regular expression met its limits on a flow */
};
void mf_query_progress(const struct mf_query *query,
                       struct mf_query_progress *ret_progress);

/*
 * Records found since the last call that stay in the page, in its order
 * (sorted queries give them only when done): they are the caller's. NULL:
 * none for now.
 */
struct mf_record *mf_query_next(struct mf_query *query);

/* When done: where the next page begins, "" when there is none; lives as
 * long as the query. */
const char *mf_query_cursor(const struct mf_query *query);

/* When done, how many flows match, before the page too; 0: not known, the
 * query ended before it had looked at all. */
uint64_t mf_query_total(const struct mf_query *query);

/* When done, the committed change up to which the first step saw. */
uint64_t mf_query_head(const struct mf_query *query);

/* When done, of a query with `only_numbers`: the least number found that is
 * greater than `number`; 0: there is none. */
uint64_t mf_query_number_after(const struct mf_query *query, uint64_t number);

struct mf_series {
    enum mf_flow_type type;
    unsigned status_class;  /* 0 to 5 */
    const uint64_t *counts; /* one for each bar */
};
struct mf_facet_value {
    const char *text; /* NUL-terminated */
    uint64_t count;
    /* With details; of answers, us, 0: there are none or it is not known. */
    uint64_t errors;
    uint64_t p50, p95;
};
struct mf_facet {
    enum mf_facet_kind kind;
    const struct mf_facet_value *values; /* most frequent first */
    size_t value_count;
    uint64_t others;
};
struct mf_spread;
struct mf_summary {
    uint64_t count;
    uint64_t client_bytes, server_bytes;
    /* With details. Errors: flows that failed or have a status of 400 and
     * more. Durations, in us, are those of HTTP and DNS answers, but not of
     * WebSockets; sizes are of all flows, both ways. */
    uint64_t errors;
    const struct mf_spread *durations, *sizes; /* NULL: without details */
    int64_t from_ns, to_ns;
    const struct mf_series *series; /* those that count anything */
    size_t series_count;
    const struct mf_facet *facets;
    size_t facet_count;
};
/* When done, of a query with `summarize`; lives as long as the query. */
const struct mf_summary *mf_query_summary(const struct mf_query *query);

#endif

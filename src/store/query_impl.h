/* A query from inside: for the files that carry it out. */
#ifndef MF_STORE_QUERY_IMPL_H
#define MF_STORE_QUERY_IMPL_H

#include "base/clock.h"
#include "store/best.h"
#include "store/numbers.h"
#include "store/scan.h"
#include "store/sieve.h"
#include "store/tally.h"

enum mf_query__plan {
    MF_QUERY_SCAN,  /* columns of all flows, newest first */
    MF_QUERY_SIEVE, /* frames that may hold what the filter needs */
};

/* What a search in frames has still to look at. */
struct mf_search {
    enum mf_search_phase {
        MF_SEARCH_LIST,  /* which flows frames do not tell all of */
        MF_SEARCH_APART, /* those */
        /* At the start of each further step: flows that were moved since the
         * one before, so that none is missed or found out of order. */
        MF_SEARCH_LIST_AGAIN,
        MF_SEARCH_APART_AGAIN,
        MF_SEARCH_MAIN, /* the frames that were there when it began */
    } phase;
    uint64_t *apart;
    size_t apart_count;
    size_t apart_cap;
    size_t apart_at;
    uint64_t newest; /* frame, when the search began */
    uint64_t known;  /* frame: flows that moved to one up to here are listed */
    uint64_t next;   /* frame of MF_SEARCH_MAIN: from here down */
    bool has_enough;
    /* To see when it would be better to scan. */
    uint64_t frames_read;
    uint64_t judged;
    uint64_t judged_no;
};

struct mf_query {
    /* As it was asked. */
    struct mf_filter *filter; /* NULL: all match */
    struct mf_order order;
    struct mf_order taken; /* in which `best` takes them: `order`, or its
                              reverse where that end is nearer */
    bool is_stream;        /* newest first, flows are given as they are found */
    bool summarize;
    bool only_numbers;
    size_t limit;
    size_t skip; /* so many are still to be passed over */
    int64_t since_ns;
    bool has_cursor;
    size_t round_max;      /* places, see mf_query__next_round() */
    bool has_after;        /* a cursor, or one round came before this one */
    struct mf_place after; /* in the order `taken` */
    char after_text[MF_NAME_MAX_LEN];
    struct mf_query_opts opts;
    bool takes_all; /* every flow that there is */

    /* How it is carried out. */
    enum mf_query__plan plan;
    uint64_t steps;   /* begun: what one step sees does not move */
    bool is_searched; /* all was looked at, or enough */
    bool is_whole;    /* all was */
    bool did_match;   /* the last decision took a look at the flow */
    bool is_done;
    struct mf_judge *judge;
    struct mf_sieve *sieve; /* NULL: the filter needs no text */
    struct mf_scan scan;
    struct mf_search search;
    struct mf_seen seen; /* MF_QUERY_SIEVE: flows that were looked at */
    uint64_t top;        /* flows from here on are not looked at */
    uint64_t bottom;     /* the least number when it began */
    uint64_t head;
    size_t matched;      /* a sorted query's: those after `after` */
    size_t popped;       /* of those, left `pending` or `best` */
    size_t skipped;      /* of those, passed over */
    uint64_t total;      /* a sorted query's matches, before `after` too */
    uint64_t flow_count; /* when it began */

    /* What it found. */
    struct mf_numbers pending; /* a stream's, not given yet */
    struct mf_best best;       /* a sorted query's */
    struct mf_tally *tally;    /* a summary's */
    struct mf_seen numbers;    /* with only_numbers */
    struct mf_record **records;
    size_t record_count;
    size_t record_cap;
    size_t record_at; /* the next to be taken */
    size_t given;     /* records made */
    size_t best_at;
    size_t best_count;    /* of `best`, behind what is passed over */
    struct mf_place last; /* of the last that was given */
    char cursor[MF_CURSOR_CAP];

    int64_t back_to_ns;
    double share;
    bool is_limited;

    /* Of the step that runs. */
    struct mf_reader *reader;
    int64_t deadline_ns;
    const _Atomic bool *cancel;
};

/*
 * Whether the flow with these columns matches; `row` as in mf_scan_visit. A
 * flow that is gone or cannot be read does not.
 */
int mf_query__decide(struct mf_query *query, const struct mf_columns *columns,
                     sqlite3_stmt *row, bool *ret_match, struct mf_err *err);

/* A flow that matches, found out of order. */
int mf_query__found(struct mf_query *query, const struct mf_columns *columns,
                    struct mf_err *err);

/* A stream's flows that were found and have numbers above `bound` become
 * records: no greater ones will come. */
int mf_query__give(struct mf_query *query, uint64_t bound, struct mf_err *err);

/* Make a record of it; none if it is gone or damaged. */
int mf_query__give_number(struct mf_query *query, uint64_t number,
                          struct mf_err *err);

/* How many more of the flows that match are of use. */
size_t mf_query__wanted(const struct mf_query *query);

/* Look at all from the start, and let go of what only that needs. */
int mf_query__begin_round(struct mf_query *query, struct mf_err *err);
void mf_query__release_search(struct mf_query *query);

/*
 * What sorted queries do. Where all flows match, a page near the other end is
 * taken from there. When all was looked at and more is to be passed over than
 * is kept at once, what is kept is passed over and all is looked at again
 * (1). In the end its flows are given in order, some at a time.
 */
void mf_query__choose_end(struct mf_query *query);
int mf_query__next_round(struct mf_query *query, struct mf_err *err);
int mf_query__give_best(struct mf_query *query, struct mf_err *err);
bool mf_query__has_more(const struct mf_query *query);

/* Go on by frames: 1 there is more, 0 all was looked at, or enough. */
int mf_query__search(struct mf_query *query, struct mf_err *err);

/* No flow that a search has not looked at has a greater number. */
int mf_query__search_bound(struct mf_query *query, uint64_t *ret_bound,
                           struct mf_err *err);

static inline bool mf_query__is_late(const struct mf_query *query)
{
    return mf_clock_mono_ns() >= query->deadline_ns;
}

int mf_query__cancelled(struct mf_err *err);
int mf_query__no_memory(struct mf_err *err);

#endif

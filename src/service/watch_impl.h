/* A watch from inside: watch.c begins, drives and ends it, watch_read.c reads
 * for it, watch_tell.c tells what was read or what the hub holds. */
#ifndef MF_SERVICE_WATCH_IMPL_H
#define MF_SERVICE_WATCH_IMPL_H

#include "service/context.h"
#include "service/watch.h"

struct mf_watches {
    struct mf_context *context;
    struct watch *first;
    struct mf_timer *heartbeat;
    struct mf_buf scratch; /* of the message that is put together */
};

enum {
    LIVE_CHANGES = 256, /* matched off the loop at once */
};

enum read_kind { READ_NONE, READ_LIST, READ_CHANGES, READ_LIVE };

struct watch {
    struct mf_job job; /* first: jobs are cast back */
    struct mf_subscriber subscriber;
    struct mf_watches *watches;
    struct watch *next, **link;
    struct mf_call *call;     /* NULL: closed, waiting for the job */
    struct mf_filter *filter; /* NULL: everything */
    bool is_stream;           /* StreamFlows */
    bool is_over;             /* finished, waiting for on_close */
    bool needs_list;          /* start from a list, not from `cursor` */
    bool told_nothing;        /* since the last heartbeat */
    size_t limit;
    int64_t since_ns;
    uint64_t cursor; /* the last change told */
    uint64_t loss;   /* the last one told */

    enum read_kind reading; /* by the job under way */
    _Atomic bool cancel;
    int read_rc;
    struct mf_err read_err;
    struct mf_query *query;  /* READ_LIST */
    struct mf_window window; /* read and not yet told from `window_at` */
    size_t window_cap;       /* of its records, READ_LIST */
    size_t window_at;
    bool window_open;
    bool is_new[LIVE_CHANGES]; /* READ_LIVE: of the window's records */
};

/* ---- watch.c ---- */

/*
 * Tell as much as the viewer takes. Returns with a read under way, with
 * enough pending (on_drain goes on), or with nothing to tell that may be
 * told yet (on_change goes on).
 */
void mf_watch__pump(struct watch *watch);

void mf_watch__finish(struct watch *watch, int code, const char *text);
void mf_watch__free(struct watch *watch);

/* ---- watch_tell.c ---- */

/* A part of the open window. */
void mf_watch__tell_window(struct watch *watch);

/* Live changes, from the hub. False: it does not hold the next one. */
bool mf_watch__tell_summaries(struct watch *watch);
void mf_watch__tell_records(struct watch *watch);

/* True if the filter can tell whether it wants `change`. */
bool mf_watch__can_judge(const struct watch *watch,
                         const struct mf_change *change);

/* Where the watch is, and no more. */
void mf_watch__tell_position(struct watch *watch);

/* ---- watch_read.c ---- */

/* Open a window with the list that the watch begins with, or with changes
 * after its cursor from the store. */
void mf_watch__read(struct watch *watch, enum read_kind kind);

/* With live changes for a filter that takes its time. */
void mf_watch__match_live(struct watch *watch);

#endif

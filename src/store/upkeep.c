#include "store/upkeep.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/checkpoint.h"
#include "store/evict.h"
#include "store/internal.h"
#include "store/purge.h"
#include "store/resign.h"
#include "store/seal.h"
#include "store/sql.h"
#include "store/sweep.h"

enum {
    GET_STATE,
    OLDEST_CONNECTION,
    GET_PAGES,
    GET_FREE_PAGES,
    GET_PAGE_SIZE,
    COUNT_STALE,
    STALE_PAGES,
    LIVE_IN_PAGE,
    STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
    [GET_STATE] = "SELECT last_number, last_frame, flow_count, pinned_count,"
                  " evicted_count, sealed_groups, paged, resigned, resign_to,"
                  " coalesce((SELECT min(number) FROM flow), last_number + 1)"
                  " FROM store",
    [OLDEST_CONNECTION] = "SELECT mark, heard_ns FROM connection"
                          " ORDER BY mark LIMIT 1",
    [GET_PAGES] = "PRAGMA page_count",
    [GET_FREE_PAGES] = "PRAGMA freelist_count",
    [GET_PAGE_SIZE] = "PRAGMA page_size",
    [COUNT_STALE] = "SELECT count(*) FROM stale",
    [STALE_PAGES] = "SELECT number / 1024 AS page, count(*) AS n FROM stale"
                    " GROUP BY page ORDER BY n DESC LIMIT 64",
    [LIVE_IN_PAGE] = "SELECT count(*) FROM stale JOIN flow USING (number)"
                     " WHERE stale.number BETWEEN ?1 AND ?2 AND state = 1",
};

/*
 * A step does pieces of work until so much time has gone. When it has fallen
 * behind what comes in, up to half of the time since the last one: then it
 * keeps up on any machine, under any load.
 */
static const int64_t step_ns = 8 * (int64_t)MF_NS_PER_MS;
static const int64_t step_max_ns = 100 * (int64_t)MF_NS_PER_MS;
/* One task has so much at a time, when others are due. */
static const int64_t slice_ns = 4 * (int64_t)MF_NS_PER_MS;
/* Blocks and stale pages are looked for no more often than that while flows
 * come in. */
static const int64_t scan_ns = 250 * (int64_t)MF_NS_PER_MS;
/* Nothing was written for so long: there is time for small gains. */
static const int64_t idle_ns = MF_NS_PER_S;
/* What nobody waits for is tried again so much later. */
static const int64_t resign_retry_ns = 60 * MF_NS_PER_S;

enum {
    STALE_MAX = 4096,    /* pages whose flows are live are rewritten, too */
    STALE_IN_PAGE = 256, /* worth rewriting a page while there is traffic */
    PLANNED_MAX = 64,
    VACUUM_PAGES = 64,
    RESIGN_PAUSE = 4, /* times as long as it worked */
};

#define MIB ((uint64_t)1 << 20)

/* The row of table `store`, and what the file is like. */
struct state {
    uint64_t last_number;
    uint64_t last_frame;
    uint64_t flow_count;
    uint64_t pinned_count;
    uint64_t evicted_count;
    uint64_t sealed_groups;
    uint64_t paged;
    uint64_t resigned;
    uint64_t resign_to;
    uint64_t first_number; /* of the flows kept */
    uint64_t oldest_mark;  /* of a connection; 0: there is none */
    int64_t oldest_heard_ns;
    uint64_t pages;
    uint64_t free_pages;
};

struct mf_upkeep {
    struct mf_store *store;
    sqlite3_stmt *stmts[STATEMENTS];
    struct mf_seal *seal;
    struct mf_evict *evict;
    struct mf_purge *purge;
    struct mf_resign *resign;
    struct mf_checkpoint *checkpoint;
    uint64_t page_size;
    uint64_t free_pages_kept;

    struct state state;
    int changes; /* of the connection, when blocks were last looked for */
    int64_t scanned_ns;
    int64_t ended_ns; /* the last step */
    bool must_scan;   /* at the next step */

    /* Deletions by persons, in all, that have begun to be cleaned up, and
     * those of which nothing is in a block any more. */
    uint64_t deleted;
    uint64_t purged;
    bool is_clean; /* the last look for blocks found none of these */

    /* Column pages to rewrite. */
    uint64_t planned[PLANNED_MAX];
    size_t planned_count;
    size_t planned_next;
    bool is_stale_full; /* pages whose flows are live, too */

    int64_t resign_ns; /* not before */

    bool cannot_shrink;
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- beginning and end ---- */

/* The log and the free pages count, too: what `max_bytes` leaves for flows. */
static uint64_t bytes_for_flows(uint64_t max_bytes)
{
    return max_bytes ? max_bytes - smaller(max_bytes / 4, 192 * MIB) : 0;
}

static int new_evict(struct mf_upkeep *upkeep, struct mf_err *err)
{
    const struct mf_store_opts *opts = &upkeep->store->opts;
    const struct mf_evict_opts evict = {
        .max_flows = opts->max_flows,
        .max_bytes = bytes_for_flows(opts->max_bytes),
        .max_age_ns = opts->max_age_ns,
        .chunk = upkeep->store->limits.delete_count,
    };
    return mf_evict_new(upkeep->store->db, &evict, &upkeep->evict, err);
}

static int new_checkpoint(struct mf_upkeep *upkeep, struct mf_err *err)
{
    uint64_t max_bytes = upkeep->store->opts.max_bytes;
    uint64_t restart =
        max_bytes ? smaller(max_bytes / 8, 128 * MIB) : 128 * MIB;
    const struct mf_checkpoint_opts opts = {
        .often = restart / 16,
        .restart = restart,
        .pace = 2 * restart,
        .pace_full = 6 * restart,
    };
    return mf_checkpoint_new(upkeep->store->dir.path, upkeep->store->db, &opts,
                             &upkeep->checkpoint, err);
}

static int get_int(struct mf_upkeep *upkeep, int which, uint64_t *ret_value,
                   struct mf_err *err)
{
    sqlite3_stmt *stmt = upkeep->stmts[which];
    int rc = mf_sql_step(stmt, err);
    if (rc == 1) {
        *ret_value = (uint64_t)sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
        return 0;
    }
    return rc ? rc : mf_err_set(err, MF_ECORRUPT, "store without counters");
}

static int read_oldest_connection(struct mf_upkeep *upkeep, struct mf_err *err)
{
    struct state *state = &upkeep->state;
    sqlite3_stmt *stmt = upkeep->stmts[OLDEST_CONNECTION];
    int rc = mf_sql_step(stmt, err);
    state->oldest_mark = rc == 1 ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    state->oldest_heard_ns = rc == 1 ? sqlite3_column_int64(stmt, 1) : 0;
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

static int read_state(struct mf_upkeep *upkeep, struct mf_err *err)
{
    struct state *state = &upkeep->state;
    uint64_t *const values[] = {
        &state->last_number,  &state->last_frame,    &state->flow_count,
        &state->pinned_count, &state->evicted_count, &state->sealed_groups,
        &state->paged,        &state->resigned,      &state->resign_to,
        &state->first_number,
    };
    sqlite3_stmt *stmt = upkeep->stmts[GET_STATE];
    int rc = mf_sql_step(stmt, err);
    if (rc != 1)
        return rc ? rc : mf_err_set(err, MF_ECORRUPT, "store without counters");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        *values[i] = (uint64_t)sqlite3_column_int64(stmt, (int)i);
    sqlite3_reset(stmt);
    rc = read_oldest_connection(upkeep, err);
    if (!rc)
        rc = get_int(upkeep, GET_PAGES, &state->pages, err);
    return rc ? rc : get_int(upkeep, GET_FREE_PAGES, &state->free_pages, err);
}

/* Numbers are given once, so those that are neither kept nor evicted were
 * deleted by persons. */
static uint64_t count_deleted(const struct state *state)
{
    uint64_t known = state->flow_count + state->evicted_count;
    return state->last_number > known ? state->last_number - known : 0;
}

static int begin(struct mf_upkeep *upkeep, struct mf_err *err)
{
    const struct mf_store *store = upkeep->store;
    int rc = mf_sql_prepare(store->db, sql, STATEMENTS, upkeep->stmts, err);
    if (!rc)
        rc = get_int(upkeep, GET_PAGE_SIZE, &upkeep->page_size, err);
    if (!rc)
        rc = read_state(upkeep, err);
    if (!rc)
        rc = mf_seal_new(store->db, &upkeep->seal, err);
    if (!rc)
        rc = mf_purge_new(store->db, &upkeep->purge, err);
    if (!rc)
        rc = mf_resign_new(store->db, &upkeep->resign, err);
    if (!rc)
        rc = new_evict(upkeep, err);
    if (!rc)
        rc = new_checkpoint(upkeep, err);
    return rc;
}

int mf_upkeep_new(struct mf_store *store, struct mf_upkeep **ret_upkeep,
                  struct mf_err *err)
{
    struct mf_upkeep *upkeep = calloc(1, sizeof *upkeep);
    if (!upkeep)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    upkeep->store = store;
    int rc = begin(upkeep, err);
    if (rc) {
        mf_upkeep_free(upkeep);
        return rc;
    }
    upkeep->free_pages_kept = (uint64_t)store->limits.free_pages;
    if (store->opts.max_bytes)
        upkeep->free_pages_kept =
            smaller(upkeep->free_pages_kept,
                    store->opts.max_bytes / 16 / upkeep->page_size);
    /* The last server may have gone before it had cleaned up. */
    upkeep->deleted = count_deleted(&upkeep->state);
    upkeep->purged = upkeep->deleted ? upkeep->deleted - 1 : 0;
    upkeep->must_scan = true;
    if (upkeep->state.resign_to > upkeep->state.resigned)
        store->older_frames = upkeep->state.resign_to - upkeep->state.resigned;
    *ret_upkeep = upkeep;
    return 0;
}

void mf_upkeep_free(struct mf_upkeep *upkeep)
{
    if (!upkeep)
        return;
    mf_checkpoint_free(upkeep->checkpoint);
    mf_evict_free(upkeep->evict);
    mf_resign_free(upkeep->resign);
    mf_purge_free(upkeep->purge);
    mf_seal_free(upkeep->seal);
    mf_sql_finalize(upkeep->stmts, STATEMENTS);
    free(upkeep);
}

/* ---- looking ---- */

static bool must_purge(const struct mf_upkeep *upkeep)
{
    return upkeep->purged != upkeep->deleted;
}

static int plan_pages(struct mf_upkeep *upkeep, bool is_idle,
                      struct mf_err *err)
{
    sqlite3_stmt *stmt = upkeep->stmts[STALE_PAGES];
    uint64_t stale = 0;
    upkeep->planned_count = upkeep->planned_next = 0;
    int rc = get_int(upkeep, COUNT_STALE, &stale, err);
    upkeep->is_stale_full = !rc && stale > STALE_MAX;
    if (rc || !stale)
        return rc;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t page = (uint64_t)sqlite3_column_int64(stmt, 0);
        bool is_worth = is_idle || upkeep->is_stale_full ||
                        sqlite3_column_int64(stmt, 1) >= STALE_IN_PAGE;
        if (is_worth && page < upkeep->state.paged &&
            upkeep->planned_count < PLANNED_MAX)
            upkeep->planned[upkeep->planned_count++] = page;
    }
    return rc;
}

/* Look for blocks and pages in need, if something was written since the last
 * look and that is not just now. */
static int scan(struct mf_upkeep *upkeep, int64_t now_ns, struct mf_err *err)
{
    int changes = sqlite3_total_changes(upkeep->store->db);
    int64_t since_ns = now_ns - upkeep->scanned_ns;
    bool is_idle = changes == upkeep->changes && since_ns >= idle_ns;
    if (!upkeep->must_scan && since_ns < scan_ns)
        return 0;
    upkeep->must_scan = false;
    upkeep->scanned_ns = now_ns;
    upkeep->changes = changes;
    int rc = mf_purge_scan(upkeep->purge, must_purge(upkeep), err);
    upkeep->is_clean = !rc && !mf_purge_has_urgent_work(upkeep->purge);
    return rc ? rc : plan_pages(upkeep, is_idle, err);
}

/* ---- pieces of work, each inside a transaction ---- */

static bool page_is_due(const struct mf_upkeep *upkeep)
{
    return upkeep->state.last_number + 1 >=
           (upkeep->state.paged + 2) * MF_COLUMN_PAGE_ROWS;
}

static bool group_is_due(const struct mf_upkeep *upkeep)
{
    return upkeep->state.last_frame + 1 >=
           (upkeep->state.sealed_groups + 1) * MF_GROUP_FRAMES;
}

static bool rewrite_is_due(const struct mf_upkeep *upkeep)
{
    return upkeep->planned_next < upkeep->planned_count;
}

static bool purge_is_due(const struct mf_upkeep *upkeep)
{
    return mf_purge_has_work(upkeep->purge);
}

/* A person's deletion is cleaned up when no block has what was deleted, no
 * name is left over, and the log has been emptied since. */
static bool sweep_is_due(const struct mf_upkeep *upkeep)
{
    return must_purge(upkeep) && upkeep->is_clean &&
           !mf_purge_has_urgent_work(upkeep->purge);
}

static bool shrink_is_due(const struct mf_upkeep *upkeep)
{
    return !upkeep->cannot_shrink &&
           upkeep->state.free_pages > upkeep->free_pages_kept;
}

static int64_t linger_end_ns(const struct mf_upkeep *upkeep)
{
    return mf_clock_wall_ns() - upkeep->store->limits.linger_ns;
}

/* No flow is left that had arrived when it was last heard of, and none of its
 * is on the way. (Marks and times grow together, but for a clock that is set.)
 */
static bool connections_are_due(const struct mf_upkeep *upkeep)
{
    const struct state *state = &upkeep->state;
    return state->oldest_mark && state->oldest_mark < state->first_number &&
           state->oldest_heard_ns < linger_end_ns(upkeep);
}

static int let_connections_go(struct mf_upkeep *upkeep, struct mf_err *err)
{
    int rc = mf_aside_tables_let_go(upkeep->store->asides,
                                    upkeep->state.first_number,
                                    linger_end_ns(upkeep), err);
    return rc ? rc : read_oldest_connection(upkeep, err);
}

static int seal_page(struct mf_upkeep *upkeep, struct mf_err *err)
{
    int rc = mf_seal_next_page(upkeep->seal, upkeep->state.paged, err);
    if (!rc)
        upkeep->state.paged++;
    return rc;
}

static int seal_group(struct mf_upkeep *upkeep, struct mf_err *err)
{
    int rc = mf_seal_group_step(upkeep->seal, upkeep->state.sealed_groups, err);
    if (rc == 0)
        upkeep->state.sealed_groups++;
    return rc < 0 ? rc : 0;
}

/* One whose flows go on changing would have to be written again and again. */
static int rewrite_page(struct mf_upkeep *upkeep, struct mf_err *err)
{
    uint64_t page = upkeep->planned[upkeep->planned_next++], live = 0;
    sqlite3_stmt *stmt = upkeep->stmts[LIVE_IN_PAGE];
    bool is_empty;
    mf_sql_bind_int(stmt, 1, page * MF_COLUMN_PAGE_ROWS);
    mf_sql_bind_int(stmt, 2, (page + 1) * MF_COLUMN_PAGE_ROWS - 1);
    int rc = get_int(upkeep, LIVE_IN_PAGE, &live, err);
    if (rc || (live && !upkeep->is_stale_full))
        return rc;
    return mf_seal_page(upkeep->seal, page, &is_empty, err);
}

static int give_up_block(struct mf_upkeep *upkeep, struct mf_err *err)
{
    bool is_busy;
    return mf_purge_step(upkeep->purge, upkeep->store->front, &is_busy, err);
}

static int sweep(struct mf_upkeep *upkeep, struct mf_err *err)
{
    int rc = mf_sweep_names(upkeep->store->db, upkeep->store->names, err);
    /* A page that cannot be read keeps the names, and nothing else up. */
    if (rc == MF_ECORRUPT)
        rc = 0;
    if (!rc)
        upkeep->purged = upkeep->deleted;
    return rc;
}

/* (A database that was put together by other hands may not be made for it.) */
static int shrink(struct mf_upkeep *upkeep, struct mf_err *err)
{
    uint64_t before = upkeep->state.free_pages;
    char text[64];
    snprintf(text, sizeof text, "PRAGMA incremental_vacuum(%d)", VACUUM_PAGES);
    int rc = mf_sql_exec(upkeep->store->db, text, err);
    if (!rc)
        rc = get_int(upkeep, GET_FREE_PAGES, &upkeep->state.free_pages, err);
    upkeep->cannot_shrink = !rc && upkeep->state.free_pages >= before;
    return rc;
}

/* Sealing takes a group's signatures by and by: what were made anew behind it
 * would be lost. Once it is sealed the whole group is made anew. */
static bool is_being_sealed(const struct mf_upkeep *upkeep, uint64_t group)
{
    return group_is_due(upkeep) && group == upkeep->state.sealed_groups;
}

static bool resign_is_due(const struct mf_upkeep *upkeep)
{
    const struct state *state = &upkeep->state;
    return state->resigned < state->resign_to &&
           mf_clock_mono_ns() >= upkeep->resign_ns &&
           !is_being_sealed(upkeep, mf_group_of(state->resigned + 1));
}

/* A little of the time, as nobody waits for it. */
static int resign(struct mf_upkeep *upkeep, struct mf_err *err)
{
    int64_t start_ns = mf_clock_mono_ns();
    int rc =
        mf_resign_step(upkeep->resign, upkeep->state.sealed_groups,
                       upkeep->state.resign_to, &upkeep->state.resigned, err);
    int64_t end_ns = mf_clock_mono_ns();
    upkeep->resign_ns =
        end_ns + (rc ? resign_retry_ns : RESIGN_PAUSE * (end_ns - start_ns));
    return rc;
}

/* In order of urgency. */
static const struct task {
    bool (*is_due)(const struct mf_upkeep *upkeep);
    int (*run)(struct mf_upkeep *upkeep, struct mf_err *err);
} tasks[] = {
    {purge_is_due, give_up_block},
    {sweep_is_due, sweep},
    {page_is_due, seal_page},
    {group_is_due, seal_group},
    {rewrite_is_due, rewrite_page},
    {shrink_is_due, shrink},
    {connections_are_due, let_connections_go},
    {resign_is_due, resign},
};
enum { TASK_COUNT = sizeof tasks / sizeof *tasks };

static bool is_any_due(const struct mf_upkeep *upkeep)
{
    for (size_t i = 0; i < TASK_COUNT; i++)
        if (tasks[i].is_due(upkeep))
            return true;
    return false;
}

/* (Of what is found by looking, only some is known.) */
static bool is_behind(const struct mf_upkeep *upkeep)
{
    const struct state *state = &upkeep->state;
    return mf_purge_count(upkeep->purge) > 16 || upkeep->is_stale_full ||
           state->last_number / MF_COLUMN_PAGE_ROWS > state->paged + 8 ||
           mf_group_of(state->last_frame) > state->sealed_groups + 1;
}

/* Each task in turn, so that none waits for ever, until the time is up. */
static int run_tasks(struct mf_upkeep *upkeep, int64_t until_ns,
                     struct mf_err *err)
{
    int rc = 0;
    while (!rc && is_any_due(upkeep) && mf_clock_mono_ns() < until_ns) {
        for (size_t i = 0; !rc && i < TASK_COUNT; i++) {
            int64_t now_ns = mf_clock_mono_ns();
            int64_t end_ns =
                until_ns - now_ns < slice_ns ? until_ns : now_ns + slice_ns;
            while (!rc && tasks[i].is_due(upkeep) &&
                   mf_clock_mono_ns() < end_ns)
                rc = tasks[i].run(upkeep, err);
        }
    }
    return rc;
}

/* When a step that begins now is to end. */
static int64_t end_of_step(const struct mf_upkeep *upkeep, int64_t now_ns)
{
    int64_t len_ns = (now_ns - upkeep->ended_ns) / 2;
    if (len_ns > step_max_ns)
        len_ns = step_max_ns;
    return now_ns + (is_behind(upkeep) && len_ns > step_ns ? len_ns : step_ns);
}

/*
 * What is done here can be done again, so its commit need not be waited for;
 * the next batch's makes it durable, too.
 */
static int run_in_transaction(struct mf_upkeep *upkeep, int64_t until_ns,
                              struct mf_err *err)
{
    uint64_t purged = upkeep->purged;
    sqlite3 *db = upkeep->store->db;
    int rc =
        mf_sql_exec(db, "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE", err);
    if (!rc)
        rc = run_tasks(upkeep, until_ns, err);
    if (!rc)
        rc = mf_sql_exec(db, "COMMIT", err);
    mf_aside_tables_end(upkeep->store->asides, !rc);
    if (rc) {
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        mf_seal_abandon(upkeep->seal);
        mf_resign_abandon(upkeep->resign);
        mf_purge_rolled_back(upkeep->purge);
        upkeep->purged = purged;
        upkeep->must_scan = true;
    } else {
        mf_purge_committed(upkeep->purge, upkeep->store->recent);
    }
    int full = mf_sql_exec(db, "PRAGMA synchronous = FULL", rc ? NULL : err);
    return rc ? rc : full;
}

/* ---- a step ---- */

static int evict(struct mf_upkeep *upkeep, struct mf_err *err)
{
    const struct state *state = &upkeep->state;
    const struct mf_evict_state now = {
        .last_number = state->last_number,
        .flow_count = state->flow_count,
        .pinned_count = state->pinned_count,
        .evicted_count = state->evicted_count,
        .bytes = (state->pages - state->free_pages) * upkeep->page_size,
        .is_freeing = mf_purge_has_work(upkeep->purge),
    };
    size_t count;
    int rc =
        mf_evict_step(upkeep->evict, upkeep->store->front, &now, &count, err);
    /* Their blocks can go as soon as the next batch has counted them. */
    if (!rc && count)
        upkeep->must_scan = true;
    return rc;
}

/* A deletion that came since the last look for blocks calls for another. */
static void follow_deletions(struct mf_upkeep *upkeep)
{
    uint64_t deleted = count_deleted(&upkeep->state);
    if (deleted == upkeep->deleted)
        return;
    upkeep->deleted = deleted;
    upkeep->is_clean = false;
    upkeep->must_scan = true;
}

/* The urgent blocks of the last look are gone: are there more? */
static void look_again(struct mf_upkeep *upkeep)
{
    if (must_purge(upkeep) && !upkeep->is_clean &&
        !mf_purge_has_urgent_work(upkeep->purge))
        upkeep->must_scan = true;
}

static int step(struct mf_upkeep *upkeep, bool *ret_more, struct mf_err *err)
{
    int64_t now_ns = mf_clock_mono_ns();
    uint64_t purged = upkeep->purged;
    int rc = mf_checkpoint_take_error(upkeep->checkpoint, err);
    if (!rc)
        rc = read_state(upkeep, err);
    if (rc)
        return rc;
    follow_deletions(upkeep);
    rc = scan(upkeep, now_ns, err);
    if (!rc && is_any_due(upkeep))
        rc = run_in_transaction(upkeep, end_of_step(upkeep, now_ns), err);
    if (!rc && upkeep->purged != purged)
        mf_checkpoint_purge(upkeep->checkpoint);
    look_again(upkeep);
    int evict_rc = evict(upkeep, rc ? NULL : err);
    *ret_more = !rc && !evict_rc && is_any_due(upkeep);
    upkeep->ended_ns = mf_clock_mono_ns();
    return rc ? rc : evict_rc;
}

int64_t mf_upkeep_due_ns(const struct mf_upkeep *upkeep, int64_t now_ns)
{
    int64_t due_ns = now_ns + idle_ns;
    return upkeep->state.resigned < upkeep->state.resign_to &&
                   upkeep->resign_ns < due_ns
               ? upkeep->resign_ns
               : due_ns;
}

int mf_upkeep_step(struct mf_upkeep *upkeep, bool *ret_more, struct mf_err *err)
{
    struct mf_err cause = {0};
    *ret_more = false;
    mf_checkpoint_pace(upkeep->checkpoint);
    int rc = step(upkeep, ret_more, &cause);
    return rc ? mf_err_set(err, rc, "upkeep: %.240s", cause.text) : 0;
}

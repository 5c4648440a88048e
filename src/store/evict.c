#include "store/evict.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "flow/columns.h"
#include "store/age.h"
#include "store/sql.h"

enum { OLDEST, ARRIVAL_AT, NEWEST, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [OLDEST] = "SELECT number, key, arrived_ns, flags FROM flow"
               " WHERE number > ?1 ORDER BY number",
    [ARRIVAL_AT] = "SELECT number, arrived_ns FROM flow WHERE number >= ?1"
                   " ORDER BY number LIMIT 1",
    [NEWEST] = "SELECT number, arrived_ns FROM flow"
               " ORDER BY number DESC LIMIT 1",
};

/* Rows looked at in one step, pinned ones among them. */
enum { SCAN_MAX = 20000 };

/* A flow below the cursor may have lost its pin: look from the start again. */
static const int64_t rescan_ns = 60 * MF_NS_PER_S;
/* A commit may fail for long, and a flow be gone in another way. */
static const int64_t commit_wait_ns = 2 * MF_NS_PER_S;

struct mf_evict {
    sqlite3_stmt *stmts[STATEMENTS];
    struct mf_evict_opts opts;
    struct mf_age age;
    struct mf_eviction *found; /* opts.chunk of them */
    uint64_t cursor;           /* all up to here are pinned or evicted */
    int64_t rescan_at_ns;
    uint64_t pinned_count;
    /* What the last step waits for: this count, at most so long. */
    uint64_t evicted_goal;
    int64_t waits_until_ns;
    /* Nothing could be evicted while this was the newest flow. */
    bool is_stuck;
    uint64_t stuck_number;
};

static int64_t boot_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * MF_NS_PER_S + now.tv_nsec;
}

static int init_age(struct mf_evict *evict, struct mf_err *err)
{
    sqlite3_stmt *stmt = evict->stmts[NEWEST];
    uint64_t number = 0;
    int64_t arrived_ns = 0;
    int rc = mf_sql_step(stmt, err);
    if (rc == 1) {
        number = (uint64_t)sqlite3_column_int64(stmt, 0);
        arrived_ns = sqlite3_column_int64(stmt, 1);
        sqlite3_reset(stmt);
        rc = 0;
    }
    mf_age_init(&evict->age, mf_clock_wall_ns(), boot_ns(), number, arrived_ns);
    return rc;
}

int mf_evict_new(sqlite3 *db, const struct mf_evict_opts *opts,
                 struct mf_evict **ret_evict, struct mf_err *err)
{
    struct mf_evict *evict = calloc(1, sizeof *evict);
    if (!evict)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    evict->opts = *opts;
    evict->found = calloc(opts->chunk, sizeof *evict->found);
    int rc = evict->found
                 ? mf_sql_prepare(db, sql, STATEMENTS, evict->stmts, err)
                 : mf_err_set(err, MF_ENOMEM, "out of memory");
    if (!rc)
        rc = init_age(evict, err);
    if (rc)
        mf_evict_free(evict);
    else
        *ret_evict = evict;
    return rc;
}

void mf_evict_free(struct mf_evict *evict)
{
    if (!evict)
        return;
    mf_sql_finalize(evict->stmts, STATEMENTS);
    free(evict->found);
    free(evict);
}

/* ---- how many ---- */

static uint64_t unpinned_count(const struct mf_evict_state *state)
{
    return state->flow_count > state->pinned_count
               ? state->flow_count - state->pinned_count
               : 0;
}

static uint64_t excess_by_number(const struct mf_evict *evict,
                                 const struct mf_evict_state *state)
{
    uint64_t count = unpinned_count(state), max = evict->opts.max_flows;
    return max && count > max ? count - max : 0;
}

/* As many as have that many bytes, by what flows have on average. */
static uint64_t excess_by_bytes(const struct mf_evict *evict,
                                const struct mf_evict_state *state)
{
    uint64_t max = evict->opts.max_bytes;
    if (!max || state->bytes <= max || !state->flow_count || state->is_freeing)
        return 0;
    uint64_t share = state->bytes / state->flow_count;
    return (state->bytes - max) / (share ? share : 1) + 1;
}

/* ---- which ---- */

static bool is_too_old(const struct mf_evict *evict, uint64_t number,
                       int64_t arrived_ns)
{
    return mf_age_of(&evict->age, number, arrived_ns) > evict->opts.max_age_ns;
}

/*
 * A flow that says to have arrived in the future came before those with
 * greater numbers: it is too old if one of them is. Looks at a few.
 */
static int is_older_than_old(struct mf_evict *evict, uint64_t number,
                             uint64_t last_number, bool *ret_is,
                             struct mf_err *err)
{
    sqlite3_stmt *stmt = evict->stmts[ARRIVAL_AT];
    *ret_is = false;
    for (uint64_t ahead = 1; !*ret_is && number + ahead <= last_number;
         ahead *= 2) {
        mf_sql_bind_int(stmt, 1, number + ahead);
        int rc = mf_sql_step(stmt, err);
        if (rc != 1)
            return rc;
        *ret_is = is_too_old(evict, (uint64_t)sqlite3_column_int64(stmt, 0),
                             sqlite3_column_int64(stmt, 1));
        sqlite3_reset(stmt);
    }
    return 0;
}

/* Whether the flow at which the scan is goes by its age. */
static int judge_age(struct mf_evict *evict, uint64_t number,
                     int64_t arrived_ns, uint64_t last_number, bool *ret_goes,
                     struct mf_err *err)
{
    *ret_goes = false;
    if (!evict->opts.max_age_ns)
        return 0;
    if (mf_age_of(&evict->age, number, arrived_ns) < 0)
        return is_older_than_old(evict, number, last_number, ret_goes, err);
    *ret_goes = is_too_old(evict, number, arrived_ns);
    return 0;
}

/*
 * The oldest flows: `wanted` of them, and those that are too old. The cursor
 * passes the pinned ones that stand before all others.
 */
static int find(struct mf_evict *evict, uint64_t wanted, uint64_t last_number,
                size_t *ret_count, struct mf_err *err)
{
    sqlite3_stmt *stmt = evict->stmts[OLDEST];
    size_t count = 0;
    int rc = 0;
    mf_sql_bind_int(stmt, 1, evict->cursor);
    for (size_t scanned = 0; count < evict->opts.chunk && scanned < SCAN_MAX;
         scanned++) {
        rc = mf_sql_step(stmt, err);
        if (rc != 1)
            break;
        uint64_t number = (uint64_t)sqlite3_column_int64(stmt, 0);
        bool goes = count < wanted;
        if (sqlite3_column_int64(stmt, 3) & MF_COLUMN_PINNED) {
            if (!count)
                evict->cursor = number;
            rc = 0;
            continue;
        }
        rc = goes ? 0
                  : judge_age(evict, number, sqlite3_column_int64(stmt, 2),
                              last_number, &goes, err);
        if (rc || !goes)
            break;
        evict->found[count++] = (struct mf_eviction){
            .number = number, .key = sqlite3_column_int64(stmt, 1)};
    }
    sqlite3_reset(stmt);
    *ret_count = count;
    return rc < 0 ? rc : 0;
}

/* ---- when ---- */

static void look_from_start(struct mf_evict *evict,
                            const struct mf_evict_state *state, int64_t now_ns)
{
    if (state->pinned_count < evict->pinned_count ||
        now_ns >= evict->rescan_at_ns) {
        evict->cursor = 0;
        evict->is_stuck = false;
        evict->rescan_at_ns = now_ns + rescan_ns;
    }
    evict->pinned_count = state->pinned_count;
}

static bool is_waiting(const struct mf_evict *evict,
                       const struct mf_evict_state *state, int64_t now_ns)
{
    return state->evicted_count < evict->evicted_goal &&
           now_ns < evict->waits_until_ns;
}

int mf_evict_step(struct mf_evict *evict, struct mf_front *front,
                  const struct mf_evict_state *state, size_t *ret_count,
                  struct mf_err *err)
{
    int64_t now_ns = mf_clock_mono_ns();
    size_t count = 0;
    *ret_count = 0;
    if (evict->opts.max_age_ns)
        mf_age_tick(&evict->age, mf_clock_wall_ns(), boot_ns(),
                    state->last_number);
    look_from_start(evict, state, now_ns);
    uint64_t wanted = excess_by_number(evict, state);
    uint64_t by_bytes = excess_by_bytes(evict, state);
    if (by_bytes > wanted)
        wanted = by_bytes;
    if ((!wanted && !evict->opts.max_age_ns) || !unpinned_count(state) ||
        is_waiting(evict, state, now_ns) ||
        (evict->is_stuck && evict->stuck_number == state->last_number))
        return 0;
    int rc = find(evict, wanted, state->last_number, &count, err);
    if (rc)
        return rc;
    *ret_count = count ? mf_front_evict(front, evict->found, count) : 0;
    evict->evicted_goal = state->evicted_count + *ret_count;
    evict->waits_until_ns = now_ns + commit_wait_ns;
    /* All that was found may be gone already or pinned meanwhile; the next
     * commit shows it. */
    evict->is_stuck = wanted && !*ret_count;
    evict->stuck_number = state->last_number;
    return 0;
}

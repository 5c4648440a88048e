#include "store/checkpoint.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "store/scrub.h"
#include "store/sql.h"

static const int64_t tick_ns = 500 * (int64_t)MF_NS_PER_MS;
/* From one checkpoint to the next at the least, each of which writes pages
 * that the next one writes again. */
static const int64_t rest_ns = 400 * (int64_t)MF_NS_PER_MS;
/* The same when a log is too long or a person waits. */
static const int64_t short_rest_ns = 50 * (int64_t)MF_NS_PER_MS;
/* A writer without work comes by once a second. */
static const int64_t park_ns = 1200 * (int64_t)MF_NS_PER_MS;
static const int64_t parked_max_ns = 200 * (int64_t)MF_NS_PER_MS;
static const int64_t pace_max_ns = 2 * MF_NS_PER_S;

/* How long the writer may be kept waiting for a log to begin again; longer
 * when it is for a person's sake and did not come off, but then not often. */
enum { RESTART_WAIT_MS = 20, PURGE_WAIT_MAX_MS = 160 };
static const int64_t purge_pause_ns = 2 * MF_NS_PER_S;

struct mf_checkpoint {
    struct mf_checkpoint_opts opts;
    sqlite3 *writer;
    sqlite3 *db; /* the thread's */
    uint64_t page_size;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t wake;   /* the thread */
    pthread_cond_t moved;  /* the log began again, or the end is near */
    pthread_cond_t parked; /* the writer waits */
    bool wants_park;       /* the writer is asked to wait between its
                              transactions */
    bool is_parked;
    bool is_closing;
    uint64_t log_len;  /* as the last commit left it */
    uint64_t done_len; /* of it, is in the database */
    bool is_cut;       /* the file of the empty log is, too */
    uint64_t asked;    /* purges */
    uint64_t purged;
    /* The writer's pages in memory may bring back what was scrubbed from the
     * file: it forgets them when it is asked to. */
    bool must_forget;
    struct mf_err error;
    bool has_error;
};

/* ---- on the writer's thread ---- */

/* SQLite calls it after each commit. */
static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct mf_checkpoint *checkpoint = arg;
    (void)db;
    (void)name;
    uint64_t len = (uint64_t)pages * checkpoint->page_size;
    pthread_mutex_lock(&checkpoint->mutex);
    if (len < checkpoint->log_len) {
        checkpoint->done_len = 0; /* it began again */
        pthread_cond_broadcast(&checkpoint->moved);
    }
    checkpoint->log_len = len;
    if (len >= checkpoint->done_len + checkpoint->opts.often)
        pthread_cond_signal(&checkpoint->wake);
    pthread_mutex_unlock(&checkpoint->mutex);
    return SQLITE_OK;
}

static void deadline_in(int64_t ns, struct timespec *ret_at)
{
    int64_t at_ns = mf_clock_mono_ns() + ns;
    ret_at->tv_sec = at_ns / MF_NS_PER_S;
    ret_at->tv_nsec = at_ns % MF_NS_PER_S;
}

/* Grows with the square of what the log is too long by. */
static int64_t pace_ns(const struct mf_checkpoint *checkpoint)
{
    const struct mf_checkpoint_opts *opts = &checkpoint->opts;
    if (checkpoint->log_len <= opts->pace)
        return 0;
    double share = (double)(checkpoint->log_len - opts->pace) /
                   (double)(opts->pace_full - opts->pace);
    return share >= 1 ? pace_max_ns
                      : (int64_t)(share * share * (double)pace_max_ns);
}

/* Under the mutex. */
static void park(struct mf_checkpoint *checkpoint)
{
    struct timespec until;
    if (!checkpoint->wants_park)
        return;
    checkpoint->is_parked = true;
    pthread_cond_signal(&checkpoint->parked);
    deadline_in(parked_max_ns, &until);
    while (checkpoint->wants_park && !checkpoint->is_closing &&
           pthread_cond_timedwait(&checkpoint->moved, &checkpoint->mutex,
                                  &until) == 0)
        ;
    checkpoint->is_parked = false;
}

void mf_checkpoint_pace(struct mf_checkpoint *checkpoint)
{
    struct timespec until;
    pthread_mutex_lock(&checkpoint->mutex);
    if (checkpoint->must_forget) {
        sqlite3_db_release_memory(checkpoint->writer);
        checkpoint->must_forget = false;
    }
    park(checkpoint);
    int64_t wait_ns = pace_ns(checkpoint);
    if (wait_ns) {
        deadline_in(wait_ns, &until);
        while (!checkpoint->is_closing && pace_ns(checkpoint) &&
               pthread_cond_timedwait(&checkpoint->moved, &checkpoint->mutex,
                                      &until) == 0)
            ;
    }
    pthread_mutex_unlock(&checkpoint->mutex);
}

void mf_checkpoint_purge(struct mf_checkpoint *checkpoint)
{
    pthread_mutex_lock(&checkpoint->mutex);
    checkpoint->asked++;
    checkpoint->must_forget = true;
    pthread_cond_signal(&checkpoint->wake);
    pthread_mutex_unlock(&checkpoint->mutex);
}

bool mf_checkpoint_is_purged(struct mf_checkpoint *checkpoint)
{
    pthread_mutex_lock(&checkpoint->mutex);
    bool is_purged = checkpoint->purged == checkpoint->asked;
    pthread_mutex_unlock(&checkpoint->mutex);
    return is_purged;
}

int mf_checkpoint_take_error(struct mf_checkpoint *checkpoint,
                             struct mf_err *err)
{
    pthread_mutex_lock(&checkpoint->mutex);
    int rc = checkpoint->has_error ? checkpoint->error.code : 0;
    if (rc && err)
        *err = checkpoint->error;
    checkpoint->has_error = false;
    pthread_mutex_unlock(&checkpoint->mutex);
    return rc;
}

/* ---- the thread ---- */

static void note_error(struct mf_checkpoint *checkpoint,
                       const struct mf_err *error)
{
    pthread_mutex_lock(&checkpoint->mutex);
    checkpoint->error = *error;
    checkpoint->has_error = true;
    pthread_mutex_unlock(&checkpoint->mutex);
}

/*
 * One checkpoint; waits at most `wait_ms` for readers and the writer. True
 * if it did all that its mode promises.
 */
static bool run(struct mf_checkpoint *checkpoint, int mode, int wait_ms)
{
    int log_pages = -1, done_pages = -1;
    sqlite3_busy_timeout(checkpoint->db, wait_ms);
    int code = sqlite3_wal_checkpoint_v2(checkpoint->db, "main", mode,
                                         &log_pages, &done_pages);
    struct mf_err error = {0};
    bool is_busy = (code & 0xff) == SQLITE_BUSY;
    if (code != SQLITE_OK && !is_busy)
        mf_sql_fail(checkpoint->db, "checkpoint", &error);
    if (error.code)
        note_error(checkpoint, &error);
    pthread_mutex_lock(&checkpoint->mutex);
    if (done_pages >= 0)
        checkpoint->done_len = (uint64_t)done_pages * checkpoint->page_size;
    if (code == SQLITE_OK && mode != SQLITE_CHECKPOINT_PASSIVE) {
        /* The next commit begins a new log. */
        checkpoint->log_len = 0;
        checkpoint->done_len = 0;
        checkpoint->is_cut = mode == SQLITE_CHECKPOINT_TRUNCATE;
        pthread_cond_broadcast(&checkpoint->moved);
    }
    pthread_mutex_unlock(&checkpoint->mutex);
    return code == SQLITE_OK;
}

/*
 * A checkpoint after which the log begins again. Most of the work is done
 * beside the writer; for the rest it waits where it holds no lock, so that
 * only readers can be in the way.
 */
static bool run_alone(struct mf_checkpoint *checkpoint, int mode, int wait_ms)
{
    struct timespec until;
    run(checkpoint, SQLITE_CHECKPOINT_PASSIVE, 0);
    deadline_in(park_ns, &until);
    pthread_mutex_lock(&checkpoint->mutex);
    checkpoint->wants_park = true;
    while (!checkpoint->is_parked && !checkpoint->is_closing &&
           pthread_cond_timedwait(&checkpoint->parked, &checkpoint->mutex,
                                  &until) == 0)
        ;
    pthread_mutex_unlock(&checkpoint->mutex);
    bool is_done = run(checkpoint, mode, wait_ms);
    pthread_mutex_lock(&checkpoint->mutex);
    checkpoint->wants_park = false;
    pthread_cond_broadcast(&checkpoint->moved);
    pthread_mutex_unlock(&checkpoint->mutex);
    return is_done;
}

/* With an empty log: true if the file had nothing to be scrubbed (or cannot
 * be: that is told once and not tried for ever). */
static bool scrub(struct mf_checkpoint *checkpoint)
{
    struct mf_err error = {0};
    uint64_t count = 0;
    if (mf_scrub(checkpoint->db, &count, &error) == 0)
        return count == 0;
    note_error(checkpoint, &error);
    return true;
}

/*
 * One round: empty the log, scrub the file. True if it came off and there was
 * nothing to scrub, with what the writer had in memory before the round
 * forgotten: then nothing is left that could come back.
 */
static bool purge(struct mf_checkpoint *checkpoint, int wait_ms)
{
    pthread_mutex_lock(&checkpoint->mutex);
    uint64_t asked = checkpoint->asked;
    bool is_forgotten = !checkpoint->must_forget;
    pthread_mutex_unlock(&checkpoint->mutex);
    if (!run_alone(checkpoint, SQLITE_CHECKPOINT_TRUNCATE, wait_ms))
        return false;
    bool is_clean = scrub(checkpoint);
    pthread_mutex_lock(&checkpoint->mutex);
    if (is_clean && is_forgotten)
        checkpoint->purged = asked;
    else if (!is_clean)
        checkpoint->must_forget = true;
    pthread_mutex_unlock(&checkpoint->mutex);
    return is_clean && is_forgotten;
}

static bool is_due(const struct mf_checkpoint *checkpoint)
{
    return checkpoint->purged != checkpoint->asked ||
           checkpoint->log_len >= checkpoint->done_len + checkpoint->opts.often;
}

/* Until something is due or the next tick comes, but for `rest` in any case.
 * False: it is time to end. */
static bool wait_for_work(struct mf_checkpoint *checkpoint, int64_t rest)
{
    struct timespec until;
    deadline_in(rest ? rest : tick_ns, &until);
    pthread_mutex_lock(&checkpoint->mutex);
    while (!checkpoint->is_closing && (rest || !is_due(checkpoint)) &&
           pthread_cond_timedwait(&checkpoint->wake, &checkpoint->mutex,
                                  &until) == 0)
        ;
    bool is_closing = checkpoint->is_closing;
    pthread_mutex_unlock(&checkpoint->mutex);
    return !is_closing;
}

/* Try to do what persons wait for; longer and more rarely if readers are in
 * the way. */
struct patience {
    int wait_ms;
    int64_t next_ns;
};

static void try_purge(struct mf_checkpoint *checkpoint,
                      struct patience *patience)
{
    if (mf_clock_mono_ns() < patience->next_ns)
        return;
    if (purge(checkpoint, patience->wait_ms)) {
        patience->wait_ms = RESTART_WAIT_MS;
    } else if (patience->wait_ms < PURGE_WAIT_MAX_MS) {
        patience->wait_ms *= 2;
    } else {
        patience->next_ns = mf_clock_mono_ns() + purge_pause_ns;
    }
}

static void *run_thread(void *arg)
{
    struct mf_checkpoint *checkpoint = arg;
    struct patience patience = {.wait_ms = RESTART_WAIT_MS};
    uint64_t seen_len = 0;
    int64_t rest = 0;
    while (wait_for_work(checkpoint, rest)) {
        pthread_mutex_lock(&checkpoint->mutex);
        uint64_t log_len = checkpoint->log_len;
        uint64_t done_len = checkpoint->done_len;
        bool must_purge = checkpoint->purged != checkpoint->asked;
        pthread_mutex_unlock(&checkpoint->mutex);
        bool must_restart = log_len >= checkpoint->opts.restart;
        bool is_long = log_len >= done_len + checkpoint->opts.often;
        bool is_quiet = log_len == seen_len && (log_len || !checkpoint->is_cut);
        if (must_purge)
            try_purge(checkpoint, &patience);
        if (must_restart)
            run_alone(checkpoint, SQLITE_CHECKPOINT_RESTART, RESTART_WAIT_MS);
        else if (is_quiet) /* nobody is in the way: the file becomes short */
            run_alone(checkpoint, SQLITE_CHECKPOINT_TRUNCATE, 0);
        else if (is_long)
            run(checkpoint, SQLITE_CHECKPOINT_PASSIVE, 0);
        rest = must_purge || must_restart ? short_rest_ns
               : is_long                  ? rest_ns
                                          : 0;
        seen_len = log_len;
    }
    return NULL;
}

/* ---- beginning and end ---- */

static int open_connection(struct mf_checkpoint *checkpoint, const char *path,
                           struct mf_err *err)
{
    int64_t page_size;
    if (sqlite3_open_v2(path, &checkpoint->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return checkpoint->db ? mf_sql_fail(checkpoint->db, "database", err)
                              : mf_err_set(err, MF_ENOMEM, "out of memory");
    sqlite3_extended_result_codes(checkpoint->db, 1);
    int rc = mf_sql_exec(checkpoint->db,
                         "PRAGMA synchronous = FULL;"
                         "PRAGMA wal_autocheckpoint = 0;"
                         "PRAGMA cache_size = 16",
                         err);
    if (!rc)
        rc =
            mf_sql_get_int(checkpoint->db, "PRAGMA page_size", &page_size, err);
    if (!rc)
        checkpoint->page_size = (uint64_t)page_size;
    return rc;
}

static int init_locks(struct mf_checkpoint *checkpoint)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&checkpoint->mutex, NULL);
    int rc = pthread_cond_init(&checkpoint->wake, &monotonic);
    if (!rc)
        rc = pthread_cond_init(&checkpoint->parked, &monotonic);
    if (!rc)
        rc = pthread_cond_init(&checkpoint->moved, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return rc ? MF_ENOMEM : 0;
}

/* Signals are the main thread's. */
static int start_thread(struct mf_checkpoint *checkpoint)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&checkpoint->thread, NULL, run_thread, checkpoint);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc ? MF_ENOMEM : 0;
}

/* How long the file of a log may stay that has begun again. */
static int limit_log(sqlite3 *db, uint64_t len, struct mf_err *err)
{
    char text[64];
    snprintf(text, sizeof text, "PRAGMA journal_size_limit = %llu",
             (unsigned long long)len);
    return mf_sql_exec(db, text, err);
}

int mf_checkpoint_new(const char *path, sqlite3 *db,
                      const struct mf_checkpoint_opts *opts,
                      struct mf_checkpoint **ret_checkpoint, struct mf_err *err)
{
    struct mf_checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (!checkpoint)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    checkpoint->opts = *opts;
    checkpoint->writer = db;
    int rc = open_connection(checkpoint, path, err);
    if (!rc)
        rc = limit_log(db, opts->restart / 2, err);
    if (!rc)
        rc = limit_log(checkpoint->db, opts->restart / 2, err);
    if (!rc && (rc = init_locks(checkpoint)))
        mf_err_set(err, rc, "out of memory");
    if (!rc && (rc = start_thread(checkpoint)))
        mf_err_set(err, rc, "cannot start a thread");
    if (rc) {
        sqlite3_close(checkpoint->db);
        free(checkpoint);
        return rc;
    }
    sqlite3_wal_hook(db, on_commit, checkpoint);
    *ret_checkpoint = checkpoint;
    return 0;
}

void mf_checkpoint_free(struct mf_checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    sqlite3_wal_hook(checkpoint->writer, NULL, NULL);
    pthread_mutex_lock(&checkpoint->mutex);
    checkpoint->is_closing = true;
    pthread_cond_broadcast(&checkpoint->wake);
    pthread_cond_broadcast(&checkpoint->moved);
    pthread_cond_broadcast(&checkpoint->parked);
    pthread_mutex_unlock(&checkpoint->mutex);
    pthread_join(checkpoint->thread, NULL);
    sqlite3_close(checkpoint->db);
    pthread_cond_destroy(&checkpoint->parked);
    pthread_cond_destroy(&checkpoint->moved);
    pthread_cond_destroy(&checkpoint->wake);
    pthread_mutex_destroy(&checkpoint->mutex);
    free(checkpoint);
}

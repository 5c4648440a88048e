/* mitmflow import into a data directory. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import.h"
#include "store/store.h"

#define BACKLOG_MAX_LEN ((size_t)10 << 20)

struct to_store {
    struct mf_import_to to; /* first: cast back */
    struct mf_store *store;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t wake;
    uint64_t committed;
    bool has_failed;
    struct mf_err failure;
    /* */
    uint64_t ticket; /* of the last put */
};

/* ---- on the writer thread ---- */

static void on_commit(void *user, uint64_t ticket)
{
    struct to_store *to = user;
    pthread_mutex_lock(&to->mutex);
    to->committed = ticket;
    pthread_cond_broadcast(&to->wake);
    pthread_mutex_unlock(&to->mutex);
}

static void on_failure(void *user, const struct mf_err *err)
{
    struct to_store *to = user;
    pthread_mutex_lock(&to->mutex);
    to->has_failed = true;
    to->failure = *err;
    pthread_cond_broadcast(&to->wake);
    pthread_mutex_unlock(&to->mutex);
}

/* ---- here ---- */

/* Wait for a commit, of `ticket` or with it of enough. */
static int wait_for(struct to_store *to, uint64_t ticket, size_t backlog,
                    struct mf_err *err)
{
    int rc = 0;
    pthread_mutex_lock(&to->mutex);
    while (!to->has_failed && to->committed < ticket &&
           mf_store_backlog(to->store) > backlog)
        pthread_cond_wait(&to->wake, &to->mutex);
    if (to->has_failed)
        rc = mf_err_set(err, to->failure.code, "%s", to->failure.text);
    pthread_mutex_unlock(&to->mutex);
    return rc;
}

static int put_note(struct to_store *to, const struct mf_flow *flow,
                    const char *note)
{
    const struct mf_flow_ref ref = {.id = mf_flow_id(flow)};
    const struct mf_update update = {.note = note};
    return *note ? mf_store_update(to->store, &ref, &update, NULL, NULL) : 0;
}

static int put(struct mf_import_to *base, struct mf_flow *flow,
               const char *source, const char *note, struct mf_err *err)
{
    struct to_store *to = (struct to_store *)base;
    uint64_t ticket;
    int rc = mf_store_put(to->store, flow, source, "", &ticket);
    if (!rc)
        rc = put_note(to, flow, note);
    if (rc)
        return mf_err_set(err, rc, "flows cannot be kept: %s",
                          mf_err_message(rc));
    to->ticket = ticket;
    return mf_store_backlog(to->store) > BACKLOG_MAX_LEN
               ? wait_for(to, ticket, BACKLOG_MAX_LEN / 2, err)
               : 0;
}

static int flush(struct mf_import_to *base, struct mf_err *err)
{
    struct to_store *to = (struct to_store *)base;
    int rc = 0;
    pthread_mutex_lock(&to->mutex);
    while (!to->has_failed && to->committed < to->ticket)
        pthread_cond_wait(&to->wake, &to->mutex);
    if (to->has_failed)
        rc = mf_err_set(err, to->failure.code, "%s", to->failure.text);
    pthread_mutex_unlock(&to->mutex);
    return rc;
}

static void close_store(struct mf_import_to *base)
{
    struct to_store *to = (struct to_store *)base;
    mf_store_close(to->store);
    pthread_cond_destroy(&to->wake);
    pthread_mutex_destroy(&to->mutex);
    free(to);
}

int mf_import_to_store(const char *dir, struct mf_import_to **ret_to,
                       struct mf_err *err)
{
    struct to_store *to = calloc(1, sizeof *to);
    if (!to)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    const struct mf_store_opts opts = {
        .dir = dir,
        .on_commit = on_commit,
        .on_failure = on_failure,
        .user = to,
    };
    pthread_mutex_init(&to->mutex, NULL);
    pthread_cond_init(&to->wake, NULL);
    to->to = (struct mf_import_to){put, flush, close_store};
    int rc = mf_store_open(&opts, &to->store, err);
    if (rc == MF_EBUSY)
        mf_err_set(err, rc,
                   "%.100s: a server has it; give them to the server: "
                   "--server " MF_ASK_SERVER,
                   dir);
    if (rc) {
        close_store(&to->to);
        return rc;
    }
    *ret_to = &to->to;
    return 0;
}

#include "store/pack.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/error.h"

/* So many blocks are filled or compressed at a time. */
enum { MAKERS = 3 };

struct job {
    struct job *next;
    struct mf_block_maker *maker; /* NULL once it is done */
    uint64_t frame;
    int rc;
    struct mf_made_block made;
};

struct mf_pack {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct mf_block_maker *idle[MAKERS];
    size_t idle_count;
    struct job *first, **end; /* handed on, in order */
    struct job *upcoming;     /* the thread's next */
    bool is_closing;

    /* The writer's own: */
    struct mf_block_maker *filling;
    uint64_t frame; /* first of what is filled */
    unsigned frames;
};

static void run_job(struct mf_pack *pack, struct job *job)
{
    struct mf_block_maker *maker = job->maker;
    pthread_mutex_unlock(&pack->mutex);
    int rc = mf_block_maker_finish(maker, &job->made);
    pthread_mutex_lock(&pack->mutex);
    job->rc = rc;
    job->maker = NULL;
    pack->idle[pack->idle_count++] = maker;
    pthread_cond_broadcast(&pack->changed);
}

/* Under the mutex: make a block that nobody makes yet; false: there is none. */
static bool run_next(struct mf_pack *pack)
{
    struct job *job = pack->upcoming;
    if (!job)
        return false;
    pack->upcoming = job->next;
    run_job(pack, job);
    return true;
}

/* Under the mutex: rather than wait for the thread, do its work. */
static void help_or_wait(struct mf_pack *pack)
{
    if (!run_next(pack))
        pthread_cond_wait(&pack->changed, &pack->mutex);
}

static void *work(void *arg)
{
    struct mf_pack *pack = arg;
    pthread_mutex_lock(&pack->mutex);
    while (!pack->is_closing)
        help_or_wait(pack);
    pthread_mutex_unlock(&pack->mutex);
    return NULL;
}

static int start(struct mf_pack *pack)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&pack->thread, NULL, work, pack);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc ? MF_ENOMEM : 0;
}

static void free_makers(struct mf_pack *pack)
{
    for (size_t i = 0; i < pack->idle_count; i++)
        mf_block_maker_free(pack->idle[i]);
    mf_block_maker_free(pack->filling);
}

int mf_pack_new(struct mf_pack **ret_pack)
{
    struct mf_pack *pack = calloc(1, sizeof *pack);
    if (!pack)
        return MF_ENOMEM;
    pack->end = &pack->first;
    int rc = 0;
    while (!rc && pack->idle_count < MAKERS) {
        struct mf_block_maker *maker = mf_block_maker_new();
        if (maker)
            pack->idle[pack->idle_count++] = maker;
        else
            rc = MF_ENOMEM;
    }
    if (!rc && pthread_mutex_init(&pack->mutex, NULL))
        rc = MF_ENOMEM;
    if (!rc) {
        pthread_cond_init(&pack->changed, NULL);
        rc = start(pack);
        if (rc) {
            pthread_cond_destroy(&pack->changed);
            pthread_mutex_destroy(&pack->mutex);
        }
    }
    if (rc) {
        free_makers(pack);
        free(pack);
        return rc;
    }
    *ret_pack = pack;
    return 0;
}

void mf_pack_free(struct mf_pack *pack)
{
    if (!pack)
        return;
    mf_pack_abandon(pack);
    pthread_mutex_lock(&pack->mutex);
    pack->is_closing = true;
    pthread_cond_broadcast(&pack->changed);
    pthread_mutex_unlock(&pack->mutex);
    pthread_join(pack->thread, NULL);
    free_makers(pack);
    pthread_cond_destroy(&pack->changed);
    pthread_mutex_destroy(&pack->mutex);
    free(pack);
}

void mf_pack_begin(struct mf_pack *pack, uint64_t frame)
{
    pack->frame = frame;
    pack->frames = 0;
}

static void take_maker(struct mf_pack *pack)
{
    pthread_mutex_lock(&pack->mutex);
    while (!pack->idle_count)
        help_or_wait(pack);
    pack->filling = pack->idle[--pack->idle_count];
    pthread_mutex_unlock(&pack->mutex);
}

/* What is filled goes to the thread. */
static int hand_on(struct mf_pack *pack)
{
    if (!pack->filling || !pack->frames)
        return 0;
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return MF_ENOMEM;
    job->maker = pack->filling;
    job->frame = pack->frame;
    pack->filling = NULL;
    pack->frame += pack->frames;
    pack->frames = 0;
    pthread_mutex_lock(&pack->mutex);
    *pack->end = job;
    pack->end = &job->next;
    if (!pack->upcoming)
        pack->upcoming = job;
    pthread_cond_broadcast(&pack->changed);
    pthread_mutex_unlock(&pack->mutex);
    return 0;
}

int mf_pack_add(struct mf_pack *pack, const struct mf_block_entry *entry,
                const struct mf_flow *flow, uint64_t *ret_frame,
                unsigned *ret_slot)
{
    unsigned frame, slot;
    if (!pack->filling)
        take_maker(pack);
    int rc = mf_block_maker_add(pack->filling, entry, flow, &frame, &slot);
    if (rc == MF_EFULL && !pack->frames)
        return MF_ENOMEM;
    if (rc == MF_EFULL) {
        rc = hand_on(pack);
        if (rc)
            return rc;
        take_maker(pack);
        rc = mf_block_maker_add(pack->filling, entry, flow, &frame, &slot);
    }
    if (rc)
        return rc;
    pack->frames = frame + 1;
    *ret_frame = pack->frame + frame;
    *ret_slot = slot;
    return 0;
}

int mf_pack_end(struct mf_pack *pack, uint64_t *ret_last_frame)
{
    int rc = hand_on(pack);
    *ret_last_frame = pack->frame - 1;
    return rc;
}

int mf_pack_next(struct mf_pack *pack, uint64_t *ret_frame,
                 struct mf_made_block *ret_block)
{
    pthread_mutex_lock(&pack->mutex);
    struct job *job = pack->first;
    while (job && job->maker)
        help_or_wait(pack);
    if (job) {
        pack->first = job->next;
        if (!pack->first)
            pack->end = &pack->first;
    }
    pthread_mutex_unlock(&pack->mutex);
    if (!job)
        return 0;
    int rc = job->rc ? job->rc : 1;
    *ret_frame = job->frame;
    *ret_block = job->made;
    free(job);
    return rc;
}

void mf_pack_abandon(struct mf_pack *pack)
{
    uint64_t frame;
    struct mf_made_block made;
    int rc;
    while ((rc = mf_pack_next(pack, &frame, &made)) != 0)
        if (rc == 1)
            mf_made_block_release(&made);
    if (pack->filling && pack->frames &&
        mf_block_maker_finish(pack->filling, &made) == 0)
        mf_made_block_release(&made);
    pack->frames = 0;
}

#include "service/session.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/map.h"

enum { ID_CAP = 72 };

struct mf_sessions {
    struct mf_loop *loop;
    struct mf_map *by_id;
    unsigned grace_ms;
    void (*on_gone)(void *user, const char *id);
    void *user;
};

struct mf_session {
    struct mf_sessions *sessions;
    char id[ID_CAP];
    bool is_named;
    unsigned streams;
    struct mf_timer *grace;
};

struct mf_sessions *mf_sessions_new(struct mf_loop *loop, unsigned grace_ms,
                                    void (*on_gone)(void *user, const char *id),
                                    void *user)
{
    struct mf_sessions *sessions = calloc(1, sizeof *sessions);
    if (!sessions)
        return NULL;
    *sessions = (struct mf_sessions){
        .loop = loop,
        .by_id = mf_map_new(),
        .grace_ms = grace_ms,
        .on_gone = on_gone,
        .user = user,
    };
    if (!sessions->by_id) {
        free(sessions);
        return NULL;
    }
    return sessions;
}

static void session_free(struct mf_session *session)
{
    mf_timer_free(session->grace);
    free(session);
}

void mf_sessions_free(struct mf_sessions *sessions)
{
    if (!sessions)
        return;
    struct mf_session *session;
    size_t position = 0;
    while ((session = mf_map_next(sessions->by_id, &position)))
        session_free(session);
    mf_map_free(sessions->by_id);
    free(sessions);
}

static void forget(struct mf_session *session)
{
    struct mf_sessions *sessions = session->sessions;
    mf_map_remove(sessions->by_id, session->id, strlen(session->id));
    sessions->on_gone(sessions->user, session->id);
    session_free(session);
}

static void on_grace_over(void *arg)
{
    forget(arg);
}

static struct mf_session *session_new(struct mf_sessions *sessions,
                                      const char *id)
{
    struct mf_session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    session->sessions = sessions;
    session->is_named = id != NULL;
    if (id) {
        snprintf(session->id, sizeof session->id, "%s", id);
    } else {
        uint64_t random[2] = {0};
        ssize_t got = getrandom(random, sizeof random, 0);
        (void)got;
        snprintf(session->id, sizeof session->id,
                 "stream:%016" PRIx64 "%016" PRIx64, random[0], random[1]);
    }
    session->grace = mf_timer_new(sessions->loop, on_grace_over, session);
    if (!session->grace || mf_map_put(sessions->by_id, session->id,
                                      strlen(session->id), session)) {
        session_free(session);
        return NULL;
    }
    return session;
}

struct mf_session *mf_session_open(struct mf_sessions *sessions, const char *id)
{
    struct mf_session *session =
        id ? mf_map_get(sessions->by_id, id, strlen(id)) : NULL;
    if (!session)
        session = session_new(sessions, id);
    if (!session)
        return NULL;
    mf_timer_stop(session->grace);
    session->streams++;
    return session;
}

void mf_session_close(struct mf_session *session)
{
    if (--session->streams > 0)
        return;
    if (session->is_named)
        mf_timer_start(session->grace, session->sessions->grace_ms, 0);
    else
        forget(session);
}

const char *mf_session_id(const struct mf_session *session)
{
    return session->id;
}

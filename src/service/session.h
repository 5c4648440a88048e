/*
 * mf_sessions: which runs of an exporter have a stream open, so that flows
 * of one that went away can be told from flows of one that reconnects.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_SESSION_H
#define MF_SERVICE_SESSION_H

#include <stdbool.h>

#include "net/loop.h"

struct mf_sessions;

/*
 * `on_gone(user, id)` is called when a session has had no stream for
 * `grace_ms`. NULL: out of memory.
 */
struct mf_sessions *mf_sessions_new(struct mf_loop *loop, unsigned grace_ms,
                                    void (*on_gone)(void *user, const char *id),
                                    void *user);
void mf_sessions_free(struct mf_sessions *sessions); /* NULL is allowed */

struct mf_session;

/*
 * A stream of session `id` begins; NULL makes a session of its own for it,
 * gone as soon as its stream ends. NULL: out of memory.
 */
struct mf_session *mf_session_open(struct mf_sessions *sessions,
                                   const char *id);
void mf_session_close(struct mf_session *session);

/* Unique among all sessions of all time; lives as long as the stream. */
const char *mf_session_id(const struct mf_session *session);

#endif

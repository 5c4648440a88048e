/*
 * mf_loop: the one thread that does all network work, its timers, and the
 * two bridges to other threads: post (any thread -> loop) and work (loop ->
 * pool thread -> loop).
 *
 * Thread:  all calls on the loop's thread unless they say otherwise.
 */
#ifndef MF_NET_LOOP_H
#define MF_NET_LOOP_H

#include <stdint.h>

#include "base/error.h"

struct mf_loop;

int mf_loop_new(struct mf_loop **ret_loop, struct mf_err *err);

/* Closes what is still open, after running what was posted and finishing
 * what was given to the pool. */
void mf_loop_free(struct mf_loop *loop);

/* Run until mf_loop_stop(), and then until all work given to the pool is
 * done and nothing is left to close. */
void mf_loop_run(struct mf_loop *loop);
void mf_loop_stop(struct mf_loop *loop);

/* Call `fn(arg)` on the loop soon, in order of posting. Any thread, also
 * while the loop does not run yet. 0 or MF_ENOMEM. */
int mf_loop_post(struct mf_loop *loop, void (*fn)(void *arg), void *arg);

/*
 * Call `work(arg)` on a pool thread and then `done(arg)` on the loop.
 * `done` always runs, before mf_loop_free() returns at the latest.
 */
int mf_loop_work(struct mf_loop *loop, void (*work)(void *arg),
                 void (*done)(void *arg), void *arg);

/* Call `fn(arg, signum)` on the loop when the process gets `signum`. */
int mf_loop_on_signal(struct mf_loop *loop, int signum,
                      void (*fn)(void *arg, int signum), void *arg);

struct mf_timer;

/* A timer that does not run yet. NULL when memory is out. */
struct mf_timer *mf_timer_new(struct mf_loop *loop, void (*fn)(void *arg),
                              void *arg);
/* Fire once after `delay_ms`, then every `repeat_ms` (0: once). Restarts. */
void mf_timer_start(struct mf_timer *timer, uint64_t delay_ms,
                    uint64_t repeat_ms);
void mf_timer_stop(struct mf_timer *timer);
void mf_timer_free(struct mf_timer *timer); /* NULL is allowed */

#endif

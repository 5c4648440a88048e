/*
 * mf_pace: long work that gives way to flows that come in. While many come,
 * what goes on in steps waits between them, so that it takes at most a tenth
 * of the time.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_PACE_H
#define MF_SERVICE_PACE_H

#include "service/context.h"

struct mf_pace {
    struct mf_context *context;
    struct mf_timer *timer;
    int64_t began_ns; /* the step */
    int64_t seen_ns;  /* when `seen` was looked at */
    uint64_t seen;    /* the last change that was known then */
    bool is_waiting;
};

/* `go_on(arg)` is what a step waits for. 0 or MF_ENOMEM. */
int mf_pace_init(struct mf_pace *pace, struct mf_context *context,
                 void (*go_on)(void *arg), void *arg);
void mf_pace_release(struct mf_pace *pace);

/* A step begins. */
void mf_pace_begin(struct mf_pace *pace);

/* A step has ended. True: `go_on` is called later, or will be; the caller
 * clears `is_waiting` then. False: the next step may begin at once. */
bool mf_pace_wait(struct mf_pace *pace);

#endif

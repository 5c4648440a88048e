/* An mf_export_run that goes on the pool, for whoever takes what it writes.
 * Thread: the loop's. Private to src/service. */
#ifndef MF_SERVICE_EXPORT_TASK_H
#define MF_SERVICE_EXPORT_TASK_H

#include "service/context.h"
#include "service/export_run.h"
#include "service/pace.h"

struct mf_export_task {
    struct mf_job job; /* first: jobs are cast back */
    struct mf_context *context;
    struct mf_export_run *run; /* owned */
    const struct mf_export_task_ops *ops;
    struct mf_pace pace;
    bool is_running;
    bool is_closed;
    bool is_over; /* no step comes any more */
    atomic_bool cancel;
    int rc; /* once it is over: 0, or what went wrong, with `err` */
    struct mf_err err;
};

/* Whose it is. */
struct mf_export_task_ops {
    /* Take a piece of the file. Not 0: that is how it ends. */
    int (*put)(struct mf_export_task *task, struct mf_span piece);
    /* Whether there is room for more; NULL: always. When there is again,
     * mf_export_task_go(). */
    bool (*has_room)(struct mf_export_task *task);
    /* It is over: all was put, or task->rc tells what went wrong, MF_ECLOSED
     * if the server stops. */
    void (*end)(struct mf_export_task *task);
    void (*free)(struct mf_export_task *task); /* of what has it inside */
};

/* Begin: the members above `pace` are set, the others 0. 0, or MF_ENOMEM:
 * it is freed. */
int mf_export_task_init(struct mf_export_task *task);

/* One step more, unless one runs, it is over or there is no room; it gives
 * way to flows that come in. */
void mf_export_task_go(struct mf_export_task *task);

/* Nobody wants it any more: it is freed now, or when the step that runs has
 * ended. */
void mf_export_task_close(struct mf_export_task *task);

#endif

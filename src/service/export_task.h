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
    /* After each step: `rc` is what mf_export_run_step() gave, or MF_ECLOSED
     * if the server stops. */
    void (*stepped)(struct mf_export_task *task);
    /* It gave way long enough: mf_export_task_go(), if there is room. */
    void (*waited)(struct mf_export_task *task);
    void (*free)(struct mf_export_task *task); /* of what has it inside */
    struct mf_pace pace;
    bool is_running;
    bool is_closed;
    atomic_bool cancel;
    int rc;
    struct mf_err err;
};

/* Begin: the members above `pace` are set. 0 or MF_ENOMEM. */
int mf_export_task_init(struct mf_export_task *task);

/* One step more, unless one runs; it gives way to flows that come in. */
void mf_export_task_go(struct mf_export_task *task);

/* Nobody wants it any more: it is freed now, or when the step that runs has
 * ended. */
void mf_export_task_close(struct mf_export_task *task);

#endif

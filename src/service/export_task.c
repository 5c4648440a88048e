#include "service/export_task.h"

static void work(struct mf_job *job, struct mf_reader *reader)
{
    struct mf_export_task *task = (struct mf_export_task *)job;
    task->rc = mf_export_run_step(task->run, reader, &task->cancel, &task->err);
}

static void destroy(struct mf_export_task *task)
{
    mf_export_run_free(task->run);
    mf_pace_release(&task->pace);
    task->ops->free(task);
}

static void put_all(struct mf_export_task *task)
{
    struct mf_span piece;
    int rc = 0;
    while (!rc && (piece = mf_export_run_take(task->run, SIZE_MAX)).len)
        rc = task->ops->put(task, piece);
    if (rc)
        task->rc = rc;
}

static void done(struct mf_job *job)
{
    struct mf_export_task *task = (struct mf_export_task *)job;
    task->is_running = false;
    if (task->is_closed) {
        destroy(task);
        return;
    }
    if (job->was_dropped || task->context->stopping)
        task->rc = mf_err_set(&task->err, MF_ECLOSED, "the server is stopping");
    if (task->rc == 1)
        mf_pace_wait(&task->pace);
    if (task->rc >= 0)
        put_all(task);
    if (task->rc == 1) {
        mf_export_task_go(task);
        return;
    }
    task->is_over = true;
    task->ops->end(task);
}

static void has_waited(void *arg)
{
    struct mf_export_task *task = arg;
    task->pace.is_waiting = false;
    mf_export_task_go(task);
}

int mf_export_task_init(struct mf_export_task *task)
{
    int rc = mf_pace_init(&task->pace, task->context, has_waited, task);
    if (rc)
        mf_export_task_close(task);
    return rc;
}

void mf_export_task_go(struct mf_export_task *task)
{
    if (task->is_over || task->is_running || task->pace.is_waiting ||
        !task->context->pool ||
        (task->ops->has_room && !task->ops->has_room(task)))
        return;
    mf_pace_begin(&task->pace);
    task->job.work = work;
    task->job.done = done;
    task->job.is_search = true;
    task->is_running = true;
    mf_pool_run(task->context->pool, &task->job);
}

void mf_export_task_close(struct mf_export_task *task)
{
    task->is_closed = true;
    atomic_store(&task->cancel, true);
    if (!task->is_running)
        destroy(task);
}

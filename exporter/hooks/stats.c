#include "exporter/hooks/object.h"

#include <string.h>

/* Takes `value`, which may be NULL. */
static int put(PyObject *dict, const char *name, PyObject *value)
{
    int rc = value ? PyDict_SetItemString(dict, name, value) : -1;
    Py_XDECREF(value);
    return rc;
}

static int put_counts(PyObject *dict, const struct mf_object *self,
                      const struct mf_queue_stats *queue,
                      const struct mf_sender_stats *sender)
{
    const struct mf_outbox_stats *outbox = &sender->outbox;
    const struct {
        const char *name;
        uint64_t count;
    } rows[] = {
        {"pushed", queue->pushed},
        {"refused", queue->refused},
        {"memory", queue->memory},
        {"wanted", queue->wanted_total},
        {"wanted_now", queue->wanted},
        {"acked", outbox->sent},
        {"waiting", outbox->waiting},
        {"in_flight", outbox->in_flight},
        {"lost", outbox->lost},
        {"given_up", queue->refused + outbox->lost},
        {"skipped", outbox->skipped},
        {"held", outbox->memory},
        {"flows", outbox->flows},
        {"spool_bytes", outbox->spool.bytes},
        {"spool_records", outbox->spool.records},
        {"connects", sender->connects},
        {"rejected", sender->rejected},
        {"failures", self->failures},
        {"growing", self->growth ? mf_growth_count(self->growth) : 0},
        {"followed", self->told ? mf_told_count(self->told) : 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (put(dict, rows[i].name, PyLong_FromUnsignedLongLong(rows[i].count)))
            return -1;
    return 0;
}

static int put_states(PyObject *dict, const struct mf_object *self,
                      const struct mf_sender_stats *sender)
{
    bool is_running = self->sender && !self->has_ended;
    const struct {
        const char *name;
        bool is_so;
    } rows[] = {
        {"running", is_running},
        {"connected", sender->connected},
        {"published", sender->published},
        {"backlog", sender->outbox.is_backlog},
        {"appends", self->sender && mf_sender_append_max(self->sender) > 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (put(dict, rows[i].name, PyBool_FromLong(rows[i].is_so)))
            return -1;
    return 0;
}

/* What the server said may be anything. */
static PyObject *text_of(const char *text)
{
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

PyObject *mf_object_stats(struct mf_object *self)
{
    struct mf_queue_stats queue = {0};
    struct mf_sender_stats sender = {0};
    if (self->queue)
        mf_queue_get_stats(self->queue, &queue);
    if (self->sender)
        mf_sender_get_stats(self->sender, &sender);
    PyObject *dict = PyDict_New();
    if (dict && (put_counts(dict, self, &queue, &sender) ||
                 put_states(dict, self, &sender) ||
                 put(dict, "server", text_of(sender.server)) ||
                 put(dict, "version", text_of(sender.version)) ||
                 put(dict, "lost_reason", text_of(sender.outbox.lost_reason)) ||
                 put(dict, "error", text_of(sender.error)) ||
                 put(dict, "spool_error", text_of(sender.outbox.spool_error))))
        Py_CLEAR(dict);
    return dict;
}

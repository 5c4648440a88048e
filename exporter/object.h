/*
 * mf_object: the extension's one type, `Exporter`. All state is its own: the
 * module has none but the type.
 *
 * Thread:  with the GIL.
 */
#ifndef MF_EXPORTER_OBJECT_H
#define MF_EXPORTER_OBJECT_H

#include "exporter/events.h"
#include "exporter/growth.h"
#include "exporter/sender.h"
#include "exporter/walk.h"

/* Kinds of failure that are told once each. */
enum { MF_FAILURE_KINDS = 16 };

struct mf_object {
    PyObject_HEAD struct mf_walk walk;
    struct mf_encoder enc;
    struct mf_buf id; /* scratch: of the flow at hand */
    struct mf_growth *growth;
    struct mf_queue *queue;   /* NULL: never made, or lost with its thread */
    struct mf_sender *sender; /* NULL: not started, or stopped */
    struct mf_sender_config config;
    bool has_config;
    bool is_stopped; /* hooks do nothing */
    bool has_ended;  /* the sender's thread */
    /* Growing flows with messages that are not told yet: id -> flow, for
     * each of tcp, udp and websocket_message. */
    PyObject *untold[MF_EVENT_COUNT];
    PyObject *log;       /* callable: (is_warning, text) */
    PyObject *on_untold; /* callable: (), when the first gets untold */
    uint64_t failures;
    uint64_t failures_told; /* a bit for each kind */
};

/* Encode into self->enc; its `error` tells of failure. */
void mf_object_encode(struct mf_object *self, PyObject *flow,
                      const struct mf_event *event);

/* One hook; never raises. */
void mf_object_handle(struct mf_object *self, PyObject *flow,
                      enum mf_event_index index);

/* Send what is untold and due; false when nothing is untold any more. */
bool mf_object_flush(struct mf_object *self, bool all);

/* Release objects that the queue has done with. */
void mf_object_collect(struct mf_object *self);

#endif

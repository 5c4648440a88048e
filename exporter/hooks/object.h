/*
 * mf_object: the extension's one type, `Exporter`. All state is its own: the
 * module has none but the type.
 *
 * Thread:  with the GIL.
 */
#ifndef MF_EXPORTER_OBJECT_H
#define MF_EXPORTER_OBJECT_H

#include "exporter/hooks/events.h"
#include "exporter/hooks/growth.h"
#include "exporter/hooks/settings.h"
#include "exporter/hooks/walk.h"
#include "exporter/label.h"
#include "exporter/queue.h"
#include "exporter/sender/sender.h"

/* Kinds of failure that are told once each. */
enum { MF_FAILURE_KINDS = 16 };

/* A flow that ended is sent so often for a server that says it has not got
 * it; then, for a last time, in one message. */
enum { MF_ATTEMPTS_MAX = 3 };

struct mf_object {
    PyObject_HEAD struct mf_walk walk;
    struct mf_encoder enc;
    struct mf_buf id; /* scratch: of the flow at hand */
    struct mf_growth *growth;
    struct mf_told_table *told;
    PyObject *pushed;  /* for tests: a list in place of the queue; or NULL */
    PyObject *watched; /* dict of classes, see mf_tap_watch() */
    bool captures;     /* bodies that mitmproxy passes on as they come */
    bool watches;      /* messages whose body may become one of those late */
    struct mf_queue *queue;   /* NULL: never made, or lost with its thread */
    struct mf_sender *sender; /* NULL: never started, or it hangs */
    struct mf_settings settings;
    char mitmproxy_version[MF_SENDER_VERSION_CAP];
    bool has_config;
    bool is_stopped; /* hooks do nothing */
    bool is_busy;    /* a hook is at work */
    bool has_ended;  /* the sender's thread, by stop() */
    /* Growing flows with messages that are not told yet: id -> flow, for
     * each of tcp, udp and websocket_message. */
    PyObject *untold[MF_EVENT_COUNT];
    PyObject *log;       /* callable: (is_warning, text) */
    PyObject *on_untold; /* callable: (), when the first gets untold */
    PyObject *on_late;   /* callable: (), when a hook came after stop(); or
                            None */
    uint64_t failures;
    uint64_t failures_told; /* a bit for each kind */
};

/* Encode the whole into self->enc; its `error` tells of failure. */
void mf_object_encode(struct mf_object *self, PyObject *flow,
                      const struct mf_event *event);

/* As above; `told` gets what was told. `values` are the flow's. */
void mf_object_encode_whole(struct mf_object *self, PyObject *flow,
                            PyObject *const *values,
                            const struct mf_event *event, struct mf_told *told);

/* The fields of a mitmproxy.v1.Flow that are not as they were told; with
 * `is_whole` also its id. See walk.is_part_short. */
void mf_object_put_flow(struct mf_object *self, PyObject *flow,
                        PyObject *const *values, const struct mf_event *event,
                        struct mf_told *told, bool is_whole);

/* Whether the event ends the flow. */
bool mf_object_ends(struct mf_object *self, PyObject *const *values,
                    const struct mf_event *event);

/* ---- flows of requests and answers (tell.c); ids in self->id ---- */

/* Send what changed in a flow, or the whole. */
void mf_object_tell(struct mf_object *self, PyObject *flow,
                    PyObject *const *values, enum mf_event_index index);

/* Forget what was told of a flow, which is sent whole from now on. */
void mf_object_untell(struct mf_object *self, PyObject *const *values);

/* ---- the queue ---- */

/* What the message at hand is about. */
struct mf_label mf_object_label(const struct mf_object *self, enum mf_kind kind,
                                const struct mf_event *event, bool is_end,
                                bool grows);

/* Put in the message that self->enc holds, or tell its error. `flow` is a
 * growing one, else NULL; `attempt`: how often it was wanted. */
int mf_object_push(struct mf_object *self, const struct mf_label *label,
                   PyObject *flow, unsigned attempt);

/* The message in the encoder as bytes; NULL with an exception. */
PyObject *mf_object_flat_message(const struct mf_encoder *enc);

/* Encode one event and put it into the queue: the flow whole, and by appends
 * what of its messages one message of ours does not hold. Its id is in
 * self->id. */
void mf_object_send(struct mf_object *self, PyObject *flow,
                    enum mf_event_index index, unsigned attempt);

/* Set what depends on the server: how long a list of messages may be in one
 * message. True: it takes appends. */
bool mf_object_look_at_server(struct mf_object *self);

/* ---- growing flows (grow.c); ids in self->id ---- */

/* A flow has a new message. */
void mf_object_grow(struct mf_object *self, PyObject *flow,
                    enum mf_event_index index);

/* Send how a flow ended as an append; false if it has to be sent whole. */
bool mf_object_append_end(struct mf_object *self, PyObject *flow,
                          enum mf_event_index index);

/* Send messages of a flow from the one with index `first` on. */
void mf_object_append(struct mf_object *self, PyObject *flow,
                      enum mf_event_index index, size_t first,
                      unsigned attempt);

/* The event that tells of a message of such a flow. */
enum mf_event_index mf_object_growing(const struct mf_event *event);

/* Forget an ended flow. */
void mf_object_forget(struct mf_object *self, PyObject *flow);

/* Read the flow's id into self->id; false if it has none, or one of more than
 * MF_FLOW_ID_CAP bytes. */
bool mf_object_read_id(struct mf_object *self, PyObject *flow);
bool mf_object_take_id(struct mf_object *self, PyObject *id);

/* Tell, once for each kind, of a flow that could not be sent. */
void mf_object_note_failure(struct mf_object *self, int error,
                            const char *hook);

/* One hook; never raises. */
void mf_object_handle(struct mf_object *self, PyObject *flow,
                      enum mf_event_index index);

/* Send the flows that a server wants whole and what is untold and due; false
 * when nothing is untold any more. */
bool mf_object_flush(struct mf_object *self, bool all);

/* Release objects that the queue has done with. */
void mf_object_collect(struct mf_object *self);

/* A hook came after stop(): send on. */
void mf_object_resume(struct mf_object *self);

/* stats(): a dict; NULL with an exception. */
PyObject *mf_object_stats(struct mf_object *self);

#endif

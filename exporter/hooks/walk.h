/*
 * mf_walk: reads mitmproxy's objects into an encoder.
 *
 * Reads plain attributes only. An attribute that is missing, None or of
 * another type than mitmproxy gives it is left out; nothing raises, and no
 * exception is set on return. Only mf_encoder's error tells of failure.
 *
 * Thread:  with the GIL. Objects are borrowed for the call.
 */
#ifndef MF_EXPORTER_WALK_H
#define MF_EXPORTER_WALK_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

#include "codec/tnetstring.h"
#include "exporter/hooks/conns.h"
#include "exporter/hooks/encode_text.h"
#include "exporter/hooks/names.h"
#include "exporter/hooks/shape.h"
#include "exporter/hooks/told.h"
#include "pb/encoder.h"

enum { MF_RECENT_CERTS = 64 };

/* A certificate and its message as bytes; NULL: it cannot be described. */
struct mf_walk_cert {
    PyObject *cert;
    PyObject *bytes;
};

struct mf_walk {
    PyObject *names[MF_NAME_COUNT];
    PyObject *describe_cert; /* callable, see mitmflow_exporter.py */
    PyObject *dns_type;      /* callables: int -> str */
    PyObject *dns_class;
    PyObject *certs; /* dict: certificate -> its message as bytes */
    struct mf_walk_cert recent_certs[MF_RECENT_CERTS];
    Py_UCS4 *chars; /* scratch */
    size_t chars_cap;
    struct mf_buf text;       /* scratch: URLs, names */
    struct mf_buf packed;     /* scratch: a DNS message */
    struct mf_tnet_out typed; /* scratch: a value of metadata */
    size_t typed_max;         /* bytes of that */
    size_t body_max;
    size_t list_max; /* of the messages of a flow, in one message of ours */
    /* Of the last list of messages: where it stopped, and how many there are */
    size_t list_end, list_count;
    struct mf_encoder *enc;
    struct mf_shapes shapes;
    struct mf_conns conns;
    PyObject *tap_type; /* see tap.h */
    /* A field that was told is empty now, which a part cannot say. */
    bool is_part_short;
    bool is_end; /* of the flow at hand */
};

/* 0, or -1 with an exception set. The callables are borrowed and kept. */
int mf_walk_init(struct mf_walk *walk, struct mf_encoder *enc,
                 PyObject *describe_cert, PyObject *dns_type,
                 PyObject *dns_class);
void mf_walk_release(struct mf_walk *walk);

/* ---- reading: new references; NULL for missing and for None ---- */

PyObject *mf_walk_get(struct mf_walk *walk, PyObject *object,
                      enum mf_name name);
bool mf_walk_bool(struct mf_walk *walk, PyObject *object, enum mf_name name);

/* `fallback` where it is no int, or too long for one. */
long long mf_walk_int(struct mf_walk *walk, PyObject *object, enum mf_name name,
                      long long fallback);

/* Seconds; negative: no number. */
double mf_walk_seconds(struct mf_walk *walk, PyObject *object,
                       enum mf_name name);

/* A long for an int object; `fallback` for anything else. */
long long mf_walk_to_int(PyObject *object, long long fallback);

/* Seconds in a float or int object; negative: no number. */
double mf_walk_to_seconds(PyObject *object);

/* False for NULL, and for what cannot be asked. */
bool mf_walk_is_true(PyObject *object);

/* The bytes of a bytes object; false for anything else. */
bool mf_walk_to_bytes(PyObject *object, const uint8_t **ret_data,
                      size_t *ret_len);

/* Append a str to `out` as UTF-8; false for anything else. */
bool mf_walk_to_text(struct mf_walk *walk, PyObject *object, struct mf_buf *out,
                     enum mf_text_escape escape);

/* Items of a list or tuple: a new reference, NULL past the end. */
PyObject *mf_walk_item(PyObject *sequence, Py_ssize_t index);
size_t mf_walk_count(PyObject *sequence);

/* ---- writing a field from an attribute ---- */

void mf_walk_put_str(struct mf_walk *walk, uint32_t number, PyObject *text);
void mf_walk_put_text(struct mf_walk *walk, uint32_t number, PyObject *object,
                      enum mf_name name);
/* A bytes attribute that mitmproxy shows as text. */
void mf_walk_put_bytes_text(struct mf_walk *walk, uint32_t number,
                            PyObject *object, enum mf_name name,
                            enum mf_text_escape escape);
void mf_walk_put_bytes(struct mf_walk *walk, uint32_t number, PyObject *object,
                       enum mf_name name);
void mf_walk_put_time(struct mf_walk *walk, uint32_t number, PyObject *object,
                      enum mf_name name);
void mf_walk_put_bool(struct mf_walk *walk, uint32_t number, PyObject *object,
                      enum mf_name name);
void mf_walk_put_int(struct mf_walk *walk, uint32_t number, PyObject *object,
                     enum mf_name name);

/*
 * A bytes field that is referred to where it is long. `object` owns `data`
 * and is held until mf_walk_let_go(): another thread may give the flow
 * another body meanwhile. NULL: it is copied.
 */
void mf_walk_put_body(struct mf_walk *walk, uint32_t number,
                      const uint8_t *data, size_t len, PyObject *object);

/* The message in the encoder is of no more use. */
void mf_walk_let_go(struct mf_walk *walk);

/* ---- what was told ---- */

/*
 * The field that begins at `from`, one without splices, is taken back if it
 * is as it was told; else it counts as told. Empty where something was told:
 * the part is short.
 */
void mf_walk_settle(struct mf_walk *walk, uint64_t *told, size_t from);

/* ---- parts, each in a file of its own ---- */

/* Connections: nothing, if they are as they were `told` (NULL: not yet). */
void mf_walk_put_client(struct mf_walk *walk, uint32_t number, PyObject *conn,
                        struct mf_told_conn *told);
void mf_walk_put_server(struct mf_walk *walk, uint32_t number, PyObject *conn,
                        struct mf_told_conn *told);

/* Fields 4 to 8, alike in HTTPFlow and DNSFlow: when it began and how long it
 * took (seconds; negative: not known), its connections and its error. */
void mf_walk_put_common(struct mf_walk *walk, PyObject *const *values,
                        struct mf_told *told, double start, double end);

/* What the connection's own events tell of it; no more than its name. */
void mf_walk_put_client_brief(struct mf_walk *walk, uint32_t number,
                              PyObject *conn);
void mf_walk_put_server_brief(struct mf_walk *walk, uint32_t number,
                              PyObject *conn);
void mf_walk_put_client_name(struct mf_walk *walk, uint32_t number,
                             PyObject *conn);

void mf_walk_put_cert(struct mf_walk *walk, uint32_t number, PyObject *cert);

/*
 * The message lists of TCP and UDP flows, and of WebSockets, from the one
 * with index `first` on. Contents beyond walk->list_max in all are left out,
 * the last first; see walk->list_end.
 */
void mf_walk_put_messages(struct mf_walk *walk, uint32_t number,
                          PyObject *messages, size_t first, bool is_websocket);

/*
 * The body of a FlowAppend: messages from `first` (not 0) on, one at least if
 * there is one, cut if it is too long by itself. If they are the last and
 * `is_end`, also how the flow ended. True: they are the last.
 */
bool mf_walk_put_append(struct mf_walk *walk, PyObject *flow, bool is_http,
                        uint32_t number, size_t first, bool is_end);

/* A new reference to the list of messages of a flow; NULL if it has none. */
PyObject *mf_walk_get_messages(struct mf_walk *walk, PyObject *flow,
                               bool is_http);

/*
 * The body of a message of mitmproxy.v1.Flow for each kind of flow, without
 * its id: what is not as it was told, which is then told. `values` are the
 * flow's (MF_SHAPE_FLOW).
 */
void mf_walk_put_http(struct mf_walk *walk, PyObject *const *values,
                      struct mf_told *told, bool is_live);
void mf_walk_put_dns(struct mf_walk *walk, PyObject *const *values,
                     struct mf_told *told, bool is_live);

/* The whole. */
void mf_walk_put_stream(struct mf_walk *walk, PyObject *const *values,
                        PyObject *flow, bool is_live);

/* A request (field 2) or response (3) of an HTTPFlow, as above; `data` is
 * its `data`. */
void mf_walk_put_message(struct mf_walk *walk, uint32_t number,
                         PyObject *message, PyObject *data,
                         struct mf_told_message *told);

/* The method and URLs of a request. */
void mf_walk_put_urls(struct mf_walk *walk, PyObject *request,
                      PyObject *const *values, struct mf_told_message *told);

/* From a flow's start to the last moment that is known of it; negative: not
 * known. */
double mf_walk_http_seconds(struct mf_walk *walk, PyObject *flow);
double mf_walk_stream_seconds(struct mf_walk *walk, PyObject *flow);

void mf_walk_put_websocket_close(struct mf_walk *walk, uint32_t number,
                                 PyObject *websocket);

/* FlowMeta, as field `number`, from the flow's values. */
void mf_walk_put_meta(struct mf_walk *walk, uint32_t number,
                      PyObject *const *values, uint64_t *told);

/*
 * Any value as mitmproxy's files have it, as a bytes field. It takes from
 * *room, at most MF_TNET_SPLICE_MIN_LEN; one that has no room there, or that
 * such a file cannot have, is not put.
 */
void mf_walk_put_typed(struct mf_walk *walk, uint32_t number, PyObject *value,
                       size_t *room);

/* The flow's error, as field `number`. */
void mf_walk_put_error(struct mf_walk *walk, uint32_t number, PyObject *error);

/* The latest of `seconds` and an error's time. */
double mf_walk_latest(struct mf_walk *walk, PyObject *error, double seconds);

/* A ConnectionEvent, as field `number`: `data` is what mitmproxy tells its
 * hook. */
struct mf_event;
void mf_walk_put_connection(struct mf_walk *walk, uint32_t number,
                            const struct mf_event *event, PyObject *data,
                            int64_t at_ns);

#endif

/*
 * mf_told: what the server was told of each flow that lives, so that a hook
 * tells only what changed.
 *
 * Of what mitmproxy never changes in place (bytes, str, tuples of them) the
 * objects themselves are remembered, with a reference, so that the same
 * address means the same value; of the rest a hash of its encoded form.
 *
 * An entry is found by the object that is its flow's id: a flow whose id is
 * another object is not known, and told whole, which is always right. At most
 * MF_TOLD_MAX flows are known, with bodies of MF_TOLD_BODIES_LEN in all; the
 * oldest is forgotten first. Entries are used again: once there are enough of
 * them none comes from the heap.
 *
 * Thread:  with the GIL.
 */
#ifndef MF_EXPORTER_TOLD_H
#define MF_EXPORTER_TOLD_H

#include "exporter/hooks/shape.h"

enum { MF_TOLD_MAX = 4096 };
#define MF_TOLD_BODIES_LEN ((size_t)16 << 20)

/* A request or response. */
struct mf_told_message {
    PyObject *values[MF_REQUEST_VALUES]; /* of its data; NULL: None */
    PyObject *fields, *trailers; /* tuples; NULL: none, or of another kind */
    /* Which fields of it were told, a bit for each of mf_told_bit. */
    unsigned has;
    unsigned untold; /* of a request: what was told beside its URLs */
    /* What its headers say. */
    bool is_encoded;
    uint64_t content_length;
    /* How its body was told. */
    bool is_raw, is_streamed, is_cut;
    size_t kept;
    uint64_t size;
};

enum mf_told_bit {
    MF_TOLD_MESSAGE = 1,
    MF_TOLD_HEADERS = 2,
    MF_TOLD_TRAILERS = 4,
    MF_TOLD_BODY = 8,
    MF_TOLD_VERSION = 16,
    MF_TOLD_START = 32,
    MF_TOLD_END = 64,
    MF_TOLD_STATUS = 128,
    MF_TOLD_REASON = 256,
    MF_TOLD_METHOD = 512,
    MF_TOLD_URL = 1024,
    MF_TOLD_PRETTY_URL = 2048,
};

/* A client or server connection: its values as they were told. */
struct mf_told_conn {
    PyObject *values[MF_SHAPE_MAX_VALUES];
    size_t list_lens; /* see mf_conns_list_lens() */
    uint64_t hash;    /* of its encoded form; 0: not told */
};

/* Fields of a flow that are compared by hash; 0: not told, or empty. */
enum mf_told_field {
    MF_TOLD_FLOW_START,
    MF_TOLD_FLOW_DURATION,
    MF_TOLD_FLOW_ERROR,
    MF_TOLD_FLOW_IS_WEBSOCKET,
    MF_TOLD_FLOW_CLOSE,
    MF_TOLD_FLOW_META,
    MF_TOLD_DNS_REQUEST,
    MF_TOLD_DNS_RESPONSE,
    MF_TOLD_FIELDS,
};

struct mf_told {
    PyObject *id; /* a reference; NULL: an entry of nobody's */
    struct mf_told_message request, response;
    struct mf_told_conn client, server;
    uint64_t fields[MF_TOLD_FIELDS];
    size_t bodies_len; /* of the bodies that it holds */
    struct mf_told *next;
    struct mf_told *older, *newer;
};

struct mf_told_table;

/* NULL: out of memory. */
struct mf_told_table *mf_told_table_new(void);
void mf_told_table_free(struct mf_told_table *table); /* NULL is allowed */

/* NULL: not known. */
struct mf_told *mf_told_get(const struct mf_told_table *table,
                            const PyObject *id);

/* A new entry to which nothing was told; NULL: out of memory. */
struct mf_told *mf_told_add(struct mf_told_table *table, PyObject *id);

/* Forget a flow. */
void mf_told_forget(struct mf_told_table *table, struct mf_told *told);

/* As if nothing had been told. For an entry of the caller's own, too. */
void mf_told_clear(struct mf_told *told);

/* Count what the entry's bodies hold, and forget the oldest others if that is
 * too much. */
void mf_told_settle(struct mf_told_table *table, struct mf_told *told);

size_t mf_told_count(const struct mf_told_table *table);

/* Not 0; 0 for nothing. */
uint64_t mf_told_hash(const void *data, size_t len);

#endif

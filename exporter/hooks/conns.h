/*
 * mf_conns: connections as they were encoded last, so that the flows of one
 * connection share that work.
 *
 * An entry counts for as long as each attribute of the connection is the
 * same object as then. It holds a reference to each, so none of them can be
 * another at the same address. Bounded: MF_CONNS_MAX entries of at most
 * MF_CONN_MAX_LEN bytes; longer ones are not kept.
 *
 * Thread:  with the GIL.
 */
#ifndef MF_EXPORTER_CONNS_H
#define MF_EXPORTER_CONNS_H

#include "exporter/hooks/shape.h"

enum { MF_CONNS_MAX = 256, MF_CONN_MAX_LEN = 16384 };

struct mf_conn {
    const PyObject *conn; /* only to tell it apart; NULL: nothing is here */
    PyObject *values[MF_SHAPE_MAX_VALUES];
    size_t list_lens; /* of values that are lists */
    uint64_t hash;    /* of `bytes` */
    uint8_t *bytes;   /* the fields of a ClientConn or ServerConn */
    size_t len, cap;
};

struct mf_conns {
    struct mf_conn *entries;
};

/* 0 or MF_ENOMEM. */
int mf_conns_init(struct mf_conns *conns);
void mf_conns_release(struct mf_conns *conns);

/* Its entry, if it is as it was; else NULL. */
const struct mf_conn *mf_conns_get(const struct mf_conns *conns,
                                   const PyObject *conn,
                                   PyObject *const *values, size_t count);

/* Remember how it was encoded, and its values, each with a reference. */
void mf_conns_put(struct mf_conns *conns, const PyObject *conn,
                  PyObject *const *values, size_t count, const uint8_t *bytes,
                  size_t len, uint64_t hash);

/* Changes when one of the values is a list that has another length now: lists
 * may grow in place. */
size_t mf_conns_list_lens(PyObject *const *values, size_t count);

/* Forget it. */
void mf_conns_drop(struct mf_conns *conns, const PyObject *conn);

#endif

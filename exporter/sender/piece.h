/*
 * mf_piece: the bytes of a message that the sender keeps, in memory of its own,
 * with what it refers to.
 *
 * Thread:  the sender's.
 */
#ifndef MF_EXPORTER_PIECE_H
#define MF_EXPORTER_PIECE_H

#include <stddef.h>

#include "exporter/queue.h"
#include "pb/spliced.h"

/* A long byte string that several pieces may refer to: the object of their
 * splices. Given back to the queue when the last has gone. */
struct mf_body {
    void *object; /* the queue's */
    size_t refs;
};

struct mf_piece {
    struct mf_piece *next; /* the owner's */
    unsigned version;      /* too */
    struct mf_spliced body;
    size_t own_len; /* of what the piece has copied */
    size_t memory;  /* with what it refers to */
};

/*
 * Make bodies of the objects that came with a message: its splices are changed
 * in place, each with one reference. MF_ENOMEM: the objects were given back.
 */
int mf_bodies_take(struct mf_queue *queue, struct mf_message *message);

/* Give back the references of such splices. */
void mf_bodies_put(struct mf_queue *queue, const struct mf_spliced *message);

/* A copy of a region, with references to its bodies; NULL: out of memory. */
struct mf_piece *mf_piece_new(const struct mf_region *region);
void mf_piece_free(struct mf_queue *queue, struct mf_piece *piece);

#endif

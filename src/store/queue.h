/*
 * What is asked of the writer thread beside what is put: updates, deletions
 * and cut-offs, in order.
 */
#ifndef MF_STORE_QUEUE_H
#define MF_STORE_QUEUE_H

#include <stdbool.h>

#include "store/store.h"

enum mf_op_kind {
    MF_OP_CUT_OFF,
    MF_OP_UPDATE,
    MF_OP_DELETE,
    MF_OP_DELETE_ALL,
};

/* Made whole by its mf_store_*() call. */
struct mf_op {
    struct mf_op *next;
    enum mf_op_kind kind;
    uint64_t ticket;     /* cut off; else 0 */
    const char *session; /* cut off */
    bool sets_pinned;    /* update, as the next two */
    bool pinned;
    const char *note;         /* NULL: leave alone */
    struct mf_flow_ref *refs; /* update (one), delete; ids point behind */
    size_t ref_count;
    mf_store_done *done; /* may be NULL */
    void *user;

    uint64_t number_max; /* the last flow when it was asked */
    uint64_t position;   /* how far it has come */
    unsigned phase;
    bool is_resolved;
    /* The last one when it was asked; once it is resolved, its own last one:
     * it is done when that is durable. */
    uint64_t change;
    int rc;
    uint64_t count;
    struct mf_record *record; /* owned; update */

    char text[]; /* that the pointers above point into */
};

struct mf_ops {
    struct mf_op *first;
    struct mf_op **end;
};

void mf_ops_init(struct mf_ops *ops);
void mf_ops_push(struct mf_ops *ops, struct mf_op *op);
struct mf_op *mf_ops_pop(struct mf_ops *ops); /* NULL: there is none */

/* NULL: out of memory. Texts are copied. */
struct mf_op *mf_op_new_cut_off(const char *session);
struct mf_op *mf_op_new(enum mf_op_kind kind, const struct mf_flow_ref *refs,
                        size_t count, const char *note);
void mf_op_free(struct mf_op *op); /* NULL is allowed */

#endif

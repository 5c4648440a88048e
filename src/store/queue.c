#include "store/queue.h"

#include <stdlib.h>
#include <string.h>

void mf_ops_init(struct mf_ops *ops)
{
    *ops = (struct mf_ops){.end = &ops->first};
}

void mf_ops_push(struct mf_ops *ops, struct mf_op *op)
{
    op->next = NULL;
    *ops->end = op;
    ops->end = &op->next;
}

struct mf_op *mf_ops_pop(struct mf_ops *ops)
{
    struct mf_op *op = ops->first;
    if (!op)
        return NULL;
    ops->first = op->next;
    if (!ops->first)
        ops->end = &ops->first;
    op->next = NULL;
    return op;
}

/* An op with `text_len` bytes of room for its texts, zeroed. */
static struct mf_op *new_op(enum mf_op_kind kind, size_t text_len)
{
    struct mf_op *op = calloc(1, sizeof *op + text_len);
    if (op)
        op->kind = kind;
    return op;
}

struct mf_op *mf_op_new_cut_off(const char *session)
{
    size_t len = strlen(session) + 1;
    struct mf_op *op = new_op(MF_OP_CUT_OFF, len);
    if (op)
        op->session = memcpy(op->text, session, len);
    return op;
}

struct mf_op *mf_op_new(enum mf_op_kind kind, const struct mf_flow_ref *refs,
                        size_t count, const char *note)
{
    size_t len = note ? strlen(note) + 1 : 0;
    for (size_t i = 0; i < count; i++)
        len += refs[i].id.len;
    struct mf_op *op = new_op(kind, len);
    if (!op)
        return NULL;
    op->refs = calloc(count ? count : 1, sizeof *op->refs);
    if (!op->refs) {
        mf_op_free(op);
        return NULL;
    }
    char *text = op->text;
    for (size_t i = 0; i < count; i++) {
        op->refs[i].number = refs[i].number;
        op->refs[i].id = (struct mf_span){text, refs[i].id.len};
        if (refs[i].id.len)
            memcpy(text, refs[i].id.text, refs[i].id.len);
        text += refs[i].id.len;
    }
    op->ref_count = count;
    if (note)
        op->note = memcpy(text, note, strlen(note) + 1);
    return op;
}

void mf_op_free(struct mf_op *op)
{
    if (!op)
        return;
    mf_record_unref(op->record);
    free(op->refs);
    free(op);
}

#include "flow/record.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "pb/wire.h"

struct mf_record {
    atomic_uint refs;
    struct mf_record_head head;
    struct mf_flow *flow;
    struct mf_buf summary;
    char strings[]; /* of head */
};

static int put_head(const struct mf_record_head *head, struct mf_buf *out)
{
    int rc = mf_wire_put_varint_opt(out, 4, head->pinned);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, 5, head->note, strlen(head->note));
    if (!rc)
        rc = mf_wire_put_varint_opt(out, 100, head->number);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, 101, head->change);
    if (!rc)
        rc =
            mf_wire_put_bytes_opt(out, 102, head->source, strlen(head->source));
    return rc ? rc : mf_wire_put_varint_opt(out, 103, head->state);
}

static int put_summary(struct mf_record *record, const uint8_t *derived,
                       size_t derived_len)
{
    enum { NUMBERS_LEN = 32, USUAL_LEN = 480 };
    const struct mf_record_head *head = &record->head;
    mf_buf_init(&record->summary, SIZE_MAX);
    int rc =
        mf_buf_reserve(&record->summary, derived ? derived_len + NUMBERS_LEN +
                                                       strlen(head->note) +
                                                       strlen(head->source)
                                                 : USUAL_LEN);
    if (rc)
        return rc;
    rc = derived ? mf_buf_append(&record->summary, derived, derived_len)
                 : mf_flow_put_summary(record->flow, &record->summary);
    return rc ? rc : put_head(&record->head, &record->summary);
}

struct mf_record *mf_record_new(const struct mf_record_head *head,
                                struct mf_flow *flow, const uint8_t *derived,
                                size_t derived_len)
{
    static const uint8_t nothing;
    size_t source_len = strlen(head->source) + 1;
    size_t note_len = strlen(head->note) + 1;
    struct mf_record *record = malloc(sizeof *record + source_len + note_len);
    if (!record)
        return NULL;
    *record = (struct mf_record){.head = *head, .flow = flow};
    atomic_init(&record->refs, 1);
    record->head.source = record->strings;
    record->head.note = record->strings + source_len;
    memcpy(record->strings, head->source, source_len);
    memcpy(record->strings + source_len, head->note, note_len);
    if (flow)
        mf_flow_ref(flow);
    else if (!derived)
        derived = &nothing;
    if (put_summary(record, derived, derived_len)) {
        mf_record_unref(record);
        return NULL;
    }
    return record;
}

struct mf_record *mf_record_ref(struct mf_record *record)
{
    atomic_fetch_add_explicit(&record->refs, 1, memory_order_relaxed);
    return record;
}

void mf_record_unref(struct mf_record *record)
{
    if (!record ||
        atomic_fetch_sub_explicit(&record->refs, 1, memory_order_acq_rel) != 1)
        return;
    mf_flow_unref(record->flow);
    mf_buf_release(&record->summary);
    free(record);
}

const struct mf_record_head *mf_record_head(const struct mf_record *record)
{
    return &record->head;
}

struct mf_flow *mf_record_flow(const struct mf_record *record)
{
    return record->flow;
}

const uint8_t *mf_record_summary(const struct mf_record *record,
                                 size_t *ret_len)
{
    *ret_len = record->summary.len;
    return record->summary.data;
}

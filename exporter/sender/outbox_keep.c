/* What waits too long goes into the spool. */
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "exporter/sender/outbox_state.h"

/* What was gathered or acknowledged is written after so long. */
#define FLUSH_NS ((int64_t)50 * MF_NS_PER_MS)

/* Without a connection nothing is gained by waiting, but that events of a flow
 * become one record. */
#define AWAY_NS ((int64_t)100 * MF_NS_PER_MS)

/* A spool that failed is tried again after so long. */
#define RETRY_NS ((int64_t)1 * MF_NS_PER_S)

static void flush_soon(struct mf_outbox *outbox)
{
    if (!outbox->flush_ns)
        outbox->flush_ns = outbox->now_ns + FLUSH_NS;
}

void mf_outbox__ack_record(struct mf_outbox *outbox, mf_spool_position position)
{
    if (!position || !outbox->spool)
        return;
    mf_spool_ack(outbox->spool, position);
    flush_soon(outbox);
}

void mf_outbox__drop_record(struct mf_flow_entry *flow,
                            mf_spool_position position, enum mf_kind kind)
{
    if (kind != MF_KIND_WHOLE && flow->kept)
        flow->kept--;
    if (flow->whole == position)
        flow->whole = 0;
}

void mf_outbox__forget_position(struct mf_outbox *outbox,
                                struct mf_thing *thing)
{
    if (!thing->position)
        return;
    if (thing->in_flight)
        outbox->flights_kept--;
    if (!thing->is_flow && mf_as_loose(thing)->flow)
        mf_outbox__drop_record(mf_as_loose(thing)->flow, thing->position,
                               mf_as_loose(thing)->label.kind);
    mf_outbox__ack_record(outbox, thing->position);
    thing->position = 0;
}

static void set_position(struct mf_outbox *outbox, struct mf_thing *thing,
                         mf_spool_position position)
{
    mf_outbox__forget_position(outbox, thing);
    thing->position = position;
    if (thing->in_flight)
        outbox->flights_kept++;
    flush_soon(outbox);
}

bool mf_outbox__flush(struct mf_outbox *outbox)
{
    struct mf_err err = {0};
    int rc;
    outbox->flush_ns = 0;
    while ((rc = mf_spool_flush(outbox->spool, &err)) == MF_EFULL &&
           mf_spool_give_up_oldest(outbox->spool, "the disk was full"))
        ;
    snprintf(outbox->spool_error, sizeof outbox->spool_error, "%.150s",
             rc ? err.text : "");
    outbox->retry_spool_ns = rc ? outbox->now_ns + RETRY_NS : 0;
    return rc == 0;
}

/* MF_EFULL: not at present; MF_EINVAL: it is too long for this spool. */
static int add(struct mf_outbox *outbox, const struct mf_label *label,
               const struct mf_spliced *message, mf_spool_position *position)
{
    int rc = mf_spool_add(outbox->spool, label, message, position);
    if (rc == MF_EFULL && mf_outbox__flush(outbox)) {
        rc = mf_spool_add(outbox->spool, label, message, position);
        if (rc == MF_EFULL)
            rc = MF_EINVAL;
    }
    return rc;
}

static int keep_flow(struct mf_outbox *outbox, struct mf_flow_entry *flow)
{
    mf_spool_position position;
    struct mf_label label = flow->label;
    if (!flow->first)
        return 0;
    label.kind = flow->has_whole ? MF_KIND_WHOLE : MF_KIND_PART;
    int rc = mf_outbox__encode_whole(outbox, flow);
    struct mf_spliced message = mf_spliced_of(&outbox->work);
    if (!rc)
        rc = add(outbox, &label, &message, &position);
    if (rc)
        return rc;
    set_position(outbox, &flow->thing, position);
    flow->spooled = flow->version;
    return 0;
}

static int keep_loose(struct mf_outbox *outbox, struct mf_loose *loose)
{
    mf_spool_position position;
    int rc = add(outbox, &loose->label, &loose->piece->body, &position);
    if (rc)
        return rc;
    set_position(outbox, &loose->thing, position);
    struct mf_flow_entry *flow = loose->flow;
    if (flow && loose->label.kind == MF_KIND_WHOLE) {
        /* It has all that an earlier one had. */
        mf_outbox__ack_record(outbox, flow->whole);
        flow->whole = position;
    } else if (flow) {
        flow->kept++;
    }
    return 0;
}

/* It is in the spool, and will be sent from there. */
static void leave(struct mf_outbox *outbox, struct mf_thing *thing)
{
    mf_outbox__stop_waiting(outbox, thing);
    if (thing->is_flow)
        mf_outbox__settle(outbox, mf_as_flow(thing));
    else if (!thing->in_flight)
        mf_outbox__free_loose(outbox, mf_as_loose(thing));
}

/* Put a thing that is due into the spool; false: it could not be. */
static bool keep(struct mf_outbox *outbox, struct mf_thing *thing)
{
    if (!thing->is_flow && !thing->in_flight &&
        mf_outbox__is_replaced(mf_as_loose(thing))) {
        mf_outbox__free_loose(outbox, mf_as_loose(thing));
        return true;
    }
    int rc = thing->is_flow ? keep_flow(outbox, mf_as_flow(thing))
                            : keep_loose(outbox, mf_as_loose(thing));
    if (rc && rc != MF_EFULL && rc != MF_ENOMEM) {
        mf_node_remove(&thing->due); /* it stays in memory */
        return true;
    }
    if (rc) {
        if (outbox->retry_spool_ns <= outbox->now_ns)
            outbox->retry_spool_ns = outbox->now_ns + RETRY_NS;
        return false;
    }
    mf_node_remove(&thing->due);
    if (outbox->is_backlog)
        leave(outbox, thing);
    return true;
}

bool mf_outbox__keep_all(struct mf_outbox *outbox)
{
    while (!mf_list_is_empty(&outbox->due))
        if (!keep(outbox, MF_THING_OF(outbox->due.next, due)))
            return false;
    return true;
}

/* All that is known of it is in the spool: what is too long for that is not,
 * though what was known earlier may be. */
static bool is_kept(struct mf_thing *thing)
{
    return thing->position && !mf_node_is_in(&thing->due) &&
           (!thing->is_flow ||
            mf_as_flow(thing)->spooled == mf_as_flow(thing)->version);
}

void mf_outbox__begin_backlog(struct mf_outbox *outbox)
{
    if (!outbox->spool)
        return;
    outbox->is_backlog = true;
    if (outbox->now_ns >= outbox->retry_spool_ns)
        mf_outbox__keep_all(outbox);
    /* Things that wait and were in the spool before. */
    struct mf_node *node = outbox->ready.next;
    while (node != &outbox->ready) {
        struct mf_thing *thing = MF_THING_OF(node, wait);
        node = node->next;
        if (is_kept(thing))
            leave(outbox, thing);
    }
}

static int64_t due_of(const struct mf_outbox *outbox,
                      const struct mf_thing *thing)
{
    return thing->due_ns +
           (outbox->is_connected ? MF_OUTBOX_SPOOL_NS : AWAY_NS);
}

int64_t mf_outbox__keep_due(struct mf_outbox *outbox)
{
    if (!outbox->spool)
        return INT64_MAX;
    if (outbox->now_ns < outbox->retry_spool_ns)
        return outbox->retry_spool_ns;
    while (!mf_list_is_empty(&outbox->due)) {
        struct mf_thing *thing = MF_THING_OF(outbox->due.next, due);
        if (due_of(outbox, thing) > outbox->now_ns)
            break;
        if (!outbox->is_connected)
            outbox->is_backlog = true;
        if (!keep(outbox, thing))
            return outbox->retry_spool_ns;
    }
    if (outbox->flush_ns && outbox->flush_ns <= outbox->now_ns &&
        !mf_outbox__flush(outbox))
        return outbox->retry_spool_ns;
    int64_t due = outbox->flush_ns ? outbox->flush_ns : INT64_MAX;
    if (!mf_list_is_empty(&outbox->due)) {
        const struct mf_thing *thing = MF_THING_OF(outbox->due.next, due);
        if (due_of(outbox, thing) < due)
            due = due_of(outbox, thing);
    }
    return due;
}

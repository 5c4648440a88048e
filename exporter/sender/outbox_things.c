#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "exporter/sender/outbox_state.h"
#include "flow/merge.h"

/* Fields of ExportFlowRequest and FlowPart. */
enum { FLOW = 1, EVENT_TYPE = 2, PART = 101, PART_ID = 1, PART_FLOW = 2 };

/* More pieces than this are put together. */
enum { PIECES_MAX = 16 };

/* What an ended flow is taken to cost that mitmproxy has let go of. */
enum { OBJECT_LEN = 65536 };

/* ---- waiting ---- */

void mf_outbox__stop_waiting(struct mf_outbox *outbox, struct mf_thing *thing)
{
    if (!mf_node_is_in(&thing->wait))
        return;
    mf_node_remove(&thing->wait);
    thing->is_ready = false;
    outbox->waiting--;
}

void mf_outbox__leave_idle(struct mf_outbox *outbox, struct mf_flow_entry *flow)
{
    if (!mf_node_is_in(&flow->idle))
        return;
    mf_node_remove(&flow->idle);
    outbox->idle_memory -= flow->thing.memory;
    outbox->idle_len -= flow->idle_len;
}

static void leave_idle(struct mf_outbox *outbox, struct mf_thing *thing)
{
    if (thing->is_flow)
        mf_outbox__leave_idle(outbox, mf_as_flow(thing));
}

void mf_outbox__wait(struct mf_outbox *outbox, struct mf_thing *thing,
                     bool is_ready)
{
    leave_idle(outbox, thing);
    if (mf_node_is_in(&thing->wait)) {
        if (thing->is_ready || !is_ready)
            return;
        mf_outbox__stop_waiting(outbox, thing);
    }
    thing->waits_ns = outbox->now_ns;
    thing->is_ready = is_ready;
    mf_list_insert(is_ready ? &outbox->ready : &outbox->gathering,
                   &thing->wait);
    outbox->waiting++;
}

void mf_outbox__wait_first(struct mf_outbox *outbox, struct mf_thing *thing)
{
    leave_idle(outbox, thing);
    mf_outbox__stop_waiting(outbox, thing);
    thing->is_ready = true;
    mf_list_insert(outbox->ready.next, &thing->wait);
    outbox->waiting++;
}

void mf_outbox__make_due(struct mf_outbox *outbox, struct mf_thing *thing)
{
    leave_idle(outbox, thing);
    if (mf_node_is_in(&thing->due))
        return;
    thing->due_ns = outbox->now_ns;
    mf_list_insert(&outbox->due, &thing->due);
}

/* ---- flows ---- */

struct mf_flow_entry *mf_outbox__find(struct mf_outbox *outbox, const char *id,
                                      size_t len)
{
    return mf_map_get(outbox->flows, id, len);
}

struct mf_flow_entry *mf_outbox__add(struct mf_outbox *outbox,
                                     const struct mf_label *label)
{
    struct mf_flow_entry *flow = calloc(1, sizeof *flow);
    if (!flow || mf_map_put(outbox->flows, label->id, label->id_len, flow)) {
        free(flow);
        return NULL;
    }
    flow->thing.is_flow = true;
    flow->thing.memory = flow->own_len = sizeof *flow;
    outbox->memory += sizeof *flow;
    flow->label = *label;
    return flow;
}

static void free_piece(struct mf_outbox *outbox, struct mf_thing *thing,
                       struct mf_piece *piece)
{
    thing->memory -= piece->memory;
    outbox->memory -= piece->memory;
    mf_piece_free(outbox->queue, piece);
}

void mf_outbox__drop_pieces(struct mf_outbox *outbox,
                            struct mf_flow_entry *flow)
{
    while (flow->first) {
        struct mf_piece *piece = flow->first;
        flow->first = piece->next;
        flow->own_len -= piece->own_len;
        free_piece(outbox, &flow->thing, piece);
    }
    flow->last = NULL;
    flow->pieces = 0;
    flow->has_whole = false;
}

void mf_outbox__let_go(struct mf_outbox *outbox, struct mf_flow_entry *flow)
{
    if (flow->object)
        mf_queue_let_go(outbox->queue, flow->object);
    flow->object = NULL;
}

void mf_outbox__free_flow(struct mf_outbox *outbox, struct mf_flow_entry *flow)
{
    leave_idle(outbox, &flow->thing);
    mf_outbox__stop_waiting(outbox, &flow->thing);
    mf_node_remove(&flow->thing.due);
    mf_outbox__drop_pieces(outbox, flow);
    mf_outbox__let_go(outbox, flow);
    mf_redact_flow_release(&flow->redact);
    mf_map_remove(outbox->flows, flow->label.id, flow->label.id_len);
    outbox->memory -= flow->thing.memory;
    free(flow);
}

void mf_outbox__free_loose(struct mf_outbox *outbox, struct mf_loose *loose)
{
    struct mf_flow_entry *flow = loose->flow;
    mf_outbox__stop_waiting(outbox, &loose->thing);
    mf_node_remove(&loose->thing.due);
    free_piece(outbox, &loose->thing, loose->piece);
    outbox->memory -= loose->thing.memory;
    free(loose);
    if (flow) {
        flow->loose--;
        mf_outbox__settle(outbox, flow);
    }
}

static bool is_busy(const struct mf_flow_entry *flow)
{
    return flow->thing.in_flight || flow->loose ||
           mf_node_is_in(&flow->thing.wait) || mf_node_is_in(&flow->thing.due);
}

void mf_outbox__settle(struct mf_outbox *outbox, struct mf_flow_entry *flow)
{
    if (is_busy(flow))
        return;
    leave_idle(outbox, &flow->thing);
    if (flow->label.is_end && !flow->kept && !flow->is_wanted) {
        mf_outbox__free_flow(outbox, flow);
        return;
    }
    if (flow->is_growing)
        mf_outbox__drop_pieces(outbox, flow);
    if (!flow->kept)
        mf_outbox__let_go(outbox, flow);
    mf_list_insert(&outbox->idle, &flow->idle);
    flow->idle_len = flow->own_len;
    if (flow->label.is_end && flow->object)
        flow->idle_len += OBJECT_LEN;
    outbox->idle_memory += flow->thing.memory;
    outbox->idle_len += flow->idle_len;
    mf_outbox__bound_idle(outbox);
}

void mf_outbox__bound_idle(struct mf_outbox *outbox)
{
    while (outbox->idle_len > MF_OUTBOX_IDLE_LEN &&
           !mf_list_is_empty(&outbox->idle))
        mf_outbox__free_flow(outbox, MF_IDLE_FLOW(outbox->idle.next));
}

/* ---- pieces ---- */

/* Put all pieces together into one; parts of it may be sent twice then. */
static int put_together(struct mf_outbox *outbox, struct mf_flow_entry *flow)
{
    struct mf_spliced parts[MF_MERGE_PARTS_MAX];
    size_t count = 0;
    for (struct mf_piece *p = flow->first; p; p = p->next)
        parts[count++] = p->body;
    mf_encoder_clear(&outbox->work);
    int rc = mf_merge_flows(parts, count, &outbox->work);
    if (rc)
        return rc;
    struct mf_spliced merged = mf_spliced_of(&outbox->work);
    struct mf_region region = mf_region_of(&merged);
    struct mf_piece *piece = mf_piece_new(&region);
    if (!piece)
        return MF_ENOMEM;
    bool has_whole = flow->has_whole;
    if (flow->sent != flow->last->version)
        flow->sent = 0;
    piece->version = flow->last->version;
    mf_outbox__drop_pieces(outbox, flow);
    flow->first = flow->last = piece;
    flow->pieces = 1;
    flow->has_whole = has_whole;
    flow->own_len += piece->own_len;
    flow->thing.memory += piece->memory;
    outbox->memory += piece->memory;
    return 0;
}

int mf_outbox__add_piece(struct mf_outbox *outbox, struct mf_flow_entry *flow,
                         const struct mf_region *region, bool is_whole)
{
    leave_idle(outbox, &flow->thing);
    struct mf_piece *piece = mf_piece_new(region);
    if (!piece)
        return MF_ENOMEM;
    if (is_whole) {
        mf_outbox__drop_pieces(outbox, flow);
        flow->sent = 0;
        flow->has_whole = true;
    } else if (flow->pieces >= PIECES_MAX) {
        int rc = put_together(outbox, flow);
        if (rc && flow->pieces >= MF_MERGE_PARTS_MAX) {
            mf_piece_free(outbox->queue, piece);
            return rc;
        }
    }
    piece->version = ++flow->version;
    if (flow->last)
        flow->last->next = piece;
    else
        flow->first = piece;
    flow->last = piece;
    flow->pieces++;
    flow->own_len += piece->own_len;
    flow->thing.memory += piece->memory;
    outbox->memory += piece->memory;
    return 0;
}

static int put_flow(struct mf_outbox *outbox, const struct mf_flow_entry *flow,
                    unsigned version)
{
    struct mf_spliced parts[MF_MERGE_PARTS_MAX];
    size_t count = 0;
    for (struct mf_piece *p = flow->first; p; p = p->next)
        if (p->version > version && count < MF_MERGE_PARTS_MAX)
            parts[count++] = p->body;
    if (count == 1) {
        const struct mf_region only = mf_region_of(&parts[0]);
        mf_region_put_bytes(&outbox->work, &only);
        return outbox->work.error;
    }
    return count ? mf_merge_flows(parts, count, &outbox->work) : 0;
}

int mf_outbox__encode_whole(struct mf_outbox *outbox,
                            struct mf_flow_entry *flow)
{
    if (!flow->has_whole)
        return mf_outbox__encode_part(outbox, flow, 0);
    struct mf_encoder *work = &outbox->work;
    mf_encoder_clear(work);
    struct mf_mark mark = mf_encoder_begin(work, FLOW);
    int rc = put_flow(outbox, flow, 0);
    mf_encoder_end(work, mark);
    mf_encoder_varint_opt(work, EVENT_TYPE, flow->label.event);
    return rc ? rc : work->error;
}

int mf_outbox__encode_part(struct mf_outbox *outbox, struct mf_flow_entry *flow,
                           unsigned version)
{
    struct mf_encoder *work = &outbox->work;
    mf_encoder_clear(work);
    struct mf_mark part = mf_encoder_begin(work, PART);
    mf_encoder_bytes_opt(work, PART_ID, flow->label.id, flow->label.id_len);
    struct mf_mark mark = mf_encoder_begin(work, PART_FLOW);
    int rc = put_flow(outbox, flow, version);
    mf_encoder_end(work, mark);
    mf_encoder_end(work, part);
    mf_encoder_varint_opt(work, EVENT_TYPE, flow->label.event);
    return rc ? rc : work->error;
}

/* ---- growing flows ---- */

bool mf_outbox__is_replaced(const struct mf_loose *loose)
{
    return loose->flow && loose->number < loose->flow->replaced_to;
}

bool mf_outbox__want(struct mf_outbox *outbox, struct mf_flow_entry *flow,
                     bool is_end)
{
    /* What else was on its way says nothing new, but the end does. */
    if (flow->is_wanted && !is_end)
        return true;
    if (!flow->object)
        return flow->is_wanted;
    struct mf_wanted wanted = {
        .flow = flow->object,
        .event = flow->label.event,
        .attempt = flow->attempt,
        .is_end = flow->label.is_end,
    };
    flow->object = NULL;
    flow->is_wanted = true;
    mf_queue_want(outbox->queue, &wanted);
    return true;
}

/* ---- losses ---- */

void mf_outbox__lose(struct mf_outbox *outbox, uint64_t count, int64_t at_ns,
                     const char *reason)
{
    int64_t now_ns = mf_clock_wall_ns();
    mf_losses_add(&outbox->losses, count, at_ns ? at_ns : now_ns,
                  at_ns ? at_ns : now_ns, reason);
}

void mf_outbox__lose_thing(struct mf_outbox *outbox, struct mf_thing *thing,
                           const char *reason)
{
    const struct mf_label *label =
        thing->is_flow ? &mf_as_flow(thing)->label : &mf_as_loose(thing)->label;
    mf_outbox__lose(outbox, 1, label->at_ns, reason);
    mf_outbox__forget_position(outbox, thing);
    if (!thing->is_flow) {
        mf_outbox__free_loose(outbox, mf_as_loose(thing));
        return;
    }
    struct mf_flow_entry *flow = mf_as_flow(thing);
    mf_outbox__stop_waiting(outbox, thing);
    mf_node_remove(&thing->due);
    mf_outbox__drop_pieces(outbox, flow);
    mf_outbox__settle(outbox, flow);
}

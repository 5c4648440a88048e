/* What the queue has is taken in: redacted, and put to its flow. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "exporter/sender/outbox_state.h"

/* Fields of ExportFlowRequest and FlowPart. */
enum { FLOW = 1, PART = 101, PART_FLOW = 2 };

static const char NO_MEMORY[] = "the exporter was out of memory";
static const char NO_FACTS[] = "what its redaction depends on was forgotten";

/* The Flow in an ExportFlowRequest. A part without one says nothing new. */
static bool find_flow(const struct mf_spliced *message, enum mf_kind kind,
                      struct mf_region *ret_flow)
{
    struct mf_region all = mf_region_of(message);
    struct mf_region_field field;
    uint32_t number = kind == MF_KIND_WHOLE ? FLOW : PART;
    while (mf_region_next(&all, &field)) {
        if (field.number != number || field.type != MF_WIRE_LEN)
            continue;
        if (number == FLOW || number == PART_FLOW) {
            *ret_flow = field.body;
            return true;
        }
        number = PART_FLOW;
        all = field.body;
    }
    return false;
}

static int take_loose(struct mf_outbox *outbox, const struct mf_label *label,
                      const struct mf_spliced *body, struct mf_flow_entry *flow)
{
    struct mf_region all = mf_region_of(body);
    struct mf_loose *loose = calloc(1, sizeof *loose);
    struct mf_piece *piece = loose ? mf_piece_new(&all) : NULL;
    if (!piece) {
        free(loose);
        return MF_ENOMEM;
    }
    loose->label = *label;
    loose->piece = piece;
    loose->number = ++outbox->number;
    loose->flow = flow;
    if (flow)
        flow->loose++;
    loose->thing.memory = sizeof *loose + piece->memory;
    outbox->memory += loose->thing.memory;
    mf_outbox__make_due(outbox, &loose->thing);
    mf_outbox__wait(outbox, &loose->thing, true);
    return 0;
}

static int take_piece(struct mf_outbox *outbox, const struct mf_label *label,
                      const struct mf_spliced *body, struct mf_flow_entry *flow)
{
    struct mf_region region;
    if (!find_flow(body, label->kind, &region))
        return MF_ECORRUPT;
    int rc = mf_outbox__add_piece(outbox, flow, &region,
                                  label->kind == MF_KIND_WHOLE);
    if (rc)
        return rc;
    mf_outbox__make_due(outbox, &flow->thing);
    if (!flow->is_held_back)
        mf_outbox__wait(outbox, &flow->thing,
                        label->is_end || label->grows || outbox->is_hurried);
    return 0;
}

/* A message of a growing flow. A whole makes what waits needless. */
static int take_growth(struct mf_outbox *outbox, const struct mf_label *label,
                       const struct mf_spliced *body,
                       struct mf_flow_entry *flow)
{
    int rc = take_loose(outbox, label, body, flow);
    if (rc || label->kind != MF_KIND_WHOLE)
        return rc;
    flow->replaced_to = outbox->number;
    flow->is_wanted = false;
    if (flow->thing.in_flight)
        return 0;
    mf_outbox__forget_position(outbox, &flow->thing);
    mf_outbox__stop_waiting(outbox, &flow->thing);
    mf_node_remove(&flow->thing.due);
    mf_outbox__drop_pieces(outbox, flow);
    return 0;
}

static void skip(struct mf_outbox *outbox, struct mf_flow_entry *flow)
{
    if (!flow->is_skipped)
        outbox->skipped++;
    flow->is_skipped = true;
    /* Other records of it are passed over when they come (send_record()). */
    mf_outbox__forget_position(outbox, &flow->thing);
    mf_outbox__ack_record(outbox, flow->whole);
    flow->whole = 0;
    mf_outbox__stop_waiting(outbox, &flow->thing);
    mf_node_remove(&flow->thing.due);
    mf_outbox__drop_pieces(outbox, flow);
    flow->replaced_to = ++outbox->number;
}

/* The message as it may leave the proxy; false: it may not. */
static bool redact(struct mf_outbox *outbox, const struct mf_message *message,
                   struct mf_redact_flow *facts, struct mf_spliced *ret_body)
{
    *ret_body = message->body;
    if (!outbox->redactor) {
        mf_redact_note(facts, &message->body);
        return true;
    }
    mf_encoder_clear(&outbox->redacted);
    enum mf_redact_verdict verdict =
        mf_redact(outbox->redactor, facts, &message->label, &message->body,
                  outbox->body_max, &outbox->redacted);
    if (verdict == MF_REDACT_CHANGED)
        *ret_body = mf_spliced_of(&outbox->redacted);
    return verdict != MF_REDACT_SKIP;
}

static void take_connection(struct mf_outbox *outbox,
                            const struct mf_message *message)
{
    struct mf_redact_flow facts = {0};
    struct mf_spliced body;
    if (redact(outbox, message, &facts, &body) &&
        take_loose(outbox, &message->label, &body, NULL))
        mf_outbox__lose(outbox, 1, message->label.at_ns, NO_MEMORY);
    mf_redact_flow_release(&facts);
}

static void take_object(struct mf_outbox *outbox, struct mf_flow_entry *flow,
                        struct mf_message *message)
{
    if (!message->flow)
        return;
    mf_outbox__let_go(outbox, flow);
    flow->object = message->flow;
    flow->attempt = message->attempt;
    message->flow = NULL;
}

static void take_flow(struct mf_outbox *outbox, struct mf_message *message)
{
    const struct mf_label *label = &message->label;
    struct mf_spliced body;
    struct mf_flow_entry *flow =
        mf_outbox__find(outbox, label->id, label->id_len);
    if (!flow && outbox->redactor && label->kind != MF_KIND_WHOLE) {
        mf_outbox__lose(outbox, 1, label->at_ns, NO_FACTS);
        return;
    }
    if (!flow)
        flow = mf_outbox__add(outbox, label);
    if (!flow) {
        mf_outbox__lose(outbox, 1, label->at_ns, NO_MEMORY);
        return;
    }
    int rc = 0;
    mf_outbox__leave_idle(outbox, flow);
    flow->label = *label;
    if (flow->is_skipped || !redact(outbox, message, &flow->redact, &body)) {
        skip(outbox, flow);
    } else {
        take_object(outbox, flow, message);
        flow->is_growing |= label->kind == MF_KIND_APPEND ||
                            (label->kind == MF_KIND_WHOLE && label->grows);
        rc = flow->is_growing ? take_growth(outbox, label, &body, flow)
                              : take_piece(outbox, label, &body, flow);
    }
    if (rc)
        mf_outbox__lose(outbox, 1, label->at_ns,
                        rc == MF_ENOMEM ? NO_MEMORY : mf_err_message(rc));
    mf_outbox__settle(outbox, flow);
}

void mf_outbox__take_all(struct mf_outbox *outbox)
{
    struct mf_message *message = mf_queue_take(outbox->queue);
    while (message) {
        struct mf_message *next = message->next;
        bool has_bodies = mf_bodies_take(outbox->queue, message) == 0;
        if (message->label.kind == MF_KIND_RULES)
            mf_outbox_set_redactor(outbox, message->rules);
        else if (!has_bodies)
            mf_outbox__lose(outbox, 1, message->label.at_ns, NO_MEMORY);
        else if (message->label.kind == MF_KIND_CONNECTION)
            take_connection(outbox, message);
        else
            take_flow(outbox, message);
        if (has_bodies)
            mf_bodies_put(outbox->queue, &message->body);
        if (message->flow)
            mf_queue_let_go(outbox->queue, message->flow);
        mf_queue_release(outbox->queue, message);
        message = next;
    }
}

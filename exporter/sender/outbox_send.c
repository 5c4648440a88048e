/* What goes out: from memory, or in backlog mode from the spool. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "exporter/sender/outbox_state.h"

enum { FIRST_FLIGHTS = 64 };

static const char NOT_TAKEN[] = "the server takes no parts of flows";

/* ---- in flight ---- */

static int reserve_flight(struct mf_outbox *outbox)
{
    size_t cap = outbox->flight_cap;
    if (outbox->flight_count < cap)
        return 0;
    size_t wider = cap ? cap * 2 : FIRST_FLIGHTS;
    struct mf_flight *flights = malloc(wider * sizeof *flights);
    if (!flights)
        return MF_ENOMEM;
    for (size_t i = 0; i < outbox->flight_count; i++)
        flights[i] = outbox->flights[(outbox->flight_first + i) % cap];
    free(outbox->flights);
    outbox->flights = flights;
    outbox->flight_cap = wider;
    outbox->flight_first = 0;
    return 0;
}

/* Room was made by reserve_flight(). */
static void put_flight(struct mf_outbox *outbox, const struct mf_flight *flight)
{
    size_t at = outbox->flight_first + outbox->flight_count++;
    outbox->flights[at % outbox->flight_cap] = *flight;
    if (flight->thing) {
        if (flight->thing->position && flight->thing->in_flight == 0)
            outbox->flights_kept++;
        flight->thing->in_flight++;
    }
}

void mf_outbox_read(struct mf_outbox *outbox)
{
    struct mf_spliced current = {
        .splices = outbox->current,
        .splice_count = outbox->current_count,
    };
    mf_bodies_put(outbox->queue, &current);
    outbox->current_count = 0;
}

/* Hold what the message that begins refers to. */
static int hold(struct mf_outbox *outbox, const struct mf_spliced *message)
{
    mf_outbox_read(outbox);
    if (message->splice_count > outbox->current_cap) {
        struct mf_splice *more =
            realloc(outbox->current, message->splice_count * sizeof *more);
        if (!more)
            return MF_ENOMEM;
        outbox->current = more;
        outbox->current_cap = message->splice_count;
    }
    for (size_t i = 0; i < message->splice_count; i++) {
        outbox->current[i] = message->splices[i];
        ((struct mf_body *)message->splices[i].object)->refs++;
    }
    outbox->current_count = message->splice_count;
    return 0;
}

static int begin(struct mf_outbox *outbox, const struct mf_spliced *message,
                 struct mf_outgoing *out)
{
    const struct mf_outgoing_rules rules = {
        .published = outbox->abilities.published,
        .max_len = outbox->abilities.max_len,
        .body_max = outbox->abilities.body_max,
    };
    int rc = reserve_flight(outbox);
    if (!rc)
        rc = hold(outbox, message);
    return rc ? rc : mf_outgoing_begin(out, message, &rules);
}

/* Begin with what outbox->work holds. */
static int begin_work(struct mf_outbox *outbox, struct mf_outgoing *out)
{
    struct mf_spliced message = mf_spliced_of(&outbox->work);
    return begin(outbox, &message, out);
}

static bool can_take(const struct mf_abilities *abilities, enum mf_kind kind)
{
    switch (kind) {
    case MF_KIND_APPEND:
        return abilities->appends;
    case MF_KIND_PART:
        return abilities->parts;
    case MF_KIND_CONNECTION:
        return abilities->connections;
    case MF_KIND_LOSS:
        return abilities->losses;
    default:
        return true;
    }
}

/* ---- sending ---- */

/* True: it is in flight now; else it does not wait any more. */
static bool send_flow(struct mf_outbox *outbox, struct mf_flow_entry *flow,
                      struct mf_outgoing *out)
{
    struct mf_thing *thing = &flow->thing;
    bool parts = outbox->abilities.parts;
    if (!parts && thing->in_flight) {
        flow->is_held_back = true;
        mf_outbox__stop_waiting(outbox, thing);
        return false;
    }
    if (!parts && !flow->has_whole) {
        mf_outbox__lose_thing(outbox, thing, NOT_TAKEN);
        return false;
    }
    if (flow->connection != outbox->connection)
        flow->sent = 0;
    bool is_whole = flow->has_whole && (!parts || !flow->sent);
    int rc = is_whole ? mf_outbox__encode_whole(outbox, flow)
                      : mf_outbox__encode_part(outbox, flow, flow->sent);
    if (!rc)
        rc = begin_work(outbox, out);
    if (rc) {
        mf_outbox__lose_thing(outbox, thing, mf_err_message(rc));
        return false;
    }
    flow->connection = outbox->connection;
    flow->sent = flow->version;
    mf_outbox__stop_waiting(outbox, thing);
    const struct mf_flight flight = {
        .thing = thing,
        .version = flow->version,
        .is_whole = is_whole,
        .kind = is_whole ? MF_KIND_WHOLE : MF_KIND_PART,
    };
    put_flight(outbox, &flight);
    return true;
}

static bool send_loose(struct mf_outbox *outbox, struct mf_loose *loose,
                       struct mf_outgoing *out)
{
    struct mf_thing *thing = &loose->thing;
    if (mf_outbox__is_replaced(loose)) {
        mf_outbox__forget_position(outbox, thing);
        mf_outbox__free_loose(outbox, loose);
        return false;
    }
    if (!can_take(&outbox->abilities, loose->label.kind)) {
        if (loose->flow &&
            !mf_outbox__want(outbox, loose->flow, loose->label.is_end))
            mf_outbox__lose(outbox, 1, loose->label.at_ns, NOT_TAKEN);
        mf_outbox__forget_position(outbox, thing);
        mf_outbox__free_loose(outbox, loose);
        return false;
    }
    int rc = begin(outbox, &loose->piece->body, out);
    if (rc) {
        mf_outbox__lose_thing(outbox, thing, mf_err_message(rc));
        return false;
    }
    mf_outbox__stop_waiting(outbox, thing);
    const struct mf_flight flight = {
        .thing = thing,
        .is_whole = loose->label.kind == MF_KIND_WHOLE,
        .kind = loose->label.kind,
    };
    put_flight(outbox, &flight);
    return true;
}

static bool send_loss(struct mf_outbox *outbox, struct mf_outgoing *out)
{
    if (!outbox->abilities.losses)
        return false;
    struct mf_loss *loss = mf_losses_next(&outbox->losses);
    if (!loss)
        return false;
    mf_encoder_clear(&outbox->work);
    mf_loss_put(loss, &outbox->work);
    if (outbox->work.error || begin_work(outbox, out)) {
        loss->in_flight = false;
        return false;
    }
    const struct mf_flight flight = {.kind = MF_KIND_LOSS};
    put_flight(outbox, &flight);
    return true;
}

/* It is on its way from memory already. */
static bool is_in_flight(const struct mf_outbox *outbox,
                         mf_spool_position position)
{
    for (size_t i = 0; outbox->flights_kept && i < outbox->flight_count; i++) {
        const struct mf_thing *thing =
            outbox->flights[(outbox->flight_first + i) % outbox->flight_cap]
                .thing;
        if (thing && thing->position == position)
            return true;
    }
    return false;
}

/* `flow`: whose it is; NULL: of none that is known. */
static void drop_record(struct mf_outbox *outbox, struct mf_flow_entry *flow,
                        const struct mf_spool_item *item)
{
    mf_outbox__ack_record(outbox, item->position);
    if (!flow)
        return;
    mf_outbox__drop_record(flow, item->position, item->label.kind);
    mf_outbox__settle(outbox, flow);
}

/* A record that this server cannot take as it is. */
static void refuse_record(struct mf_outbox *outbox,
                          const struct mf_spool_item *item)
{
    const struct mf_label *label = &item->label;
    if (label->kind == MF_KIND_LOSS)
        return; /* another may come */
    struct mf_flow_entry *flow =
        label->id_len ? mf_outbox__find(outbox, label->id, label->id_len)
                      : NULL;
    if (label->kind != MF_KIND_CONNECTION &&
        !(flow && flow->is_growing &&
          mf_outbox__want(outbox, flow, label->is_end)))
        mf_outbox__lose(outbox, 1, label->at_ns, NOT_TAKEN);
    drop_record(outbox, flow, item);
}

/* True: it is in flight now. */
static bool send_record(struct mf_outbox *outbox,
                        const struct mf_spool_item *item,
                        struct mf_outgoing *out)
{
    const struct mf_label *label = &item->label;
    if (is_in_flight(outbox, item->position))
        return false;
    struct mf_flow_entry *flow =
        label->id_len ? mf_outbox__find(outbox, label->id, label->id_len)
                      : NULL;
    if (flow && flow->is_skipped) {
        drop_record(outbox, flow, item);
        return false;
    }
    if (!can_take(&outbox->abilities, label->kind)) {
        refuse_record(outbox, item);
        return false;
    }
    const struct mf_spliced message = {.bytes = item->data, .len = item->len};
    int rc = begin(outbox, &message, out);
    if (rc) {
        mf_outbox__lose(outbox, 1, label->at_ns, mf_err_message(rc));
        mf_outbox__ack_record(outbox, item->position);
        return false;
    }
    if (flow && flow->thing.position == item->position) {
        flow->connection = outbox->connection;
        flow->sent = flow->spooled;
    }
    struct mf_flight flight = {
        .position = item->position,
        .is_whole = label->kind == MF_KIND_WHOLE,
        .kind = label->kind,
        .id_len = label->id_len,
    };
    memcpy(flight.id, label->id, label->id_len);
    put_flight(outbox, &flight);
    return true;
}

/* 0: one was begun; MF_ENOENT: none is left. */
static int send_from_spool(struct mf_outbox *outbox, struct mf_outgoing *out)
{
    struct mf_spool_item item;
    int rc;
    while ((rc = mf_spool_next(outbox->spool, &item)) == 0)
        if (send_record(outbox, &item, out))
            return 0;
    return rc;
}

bool mf_outbox_next(struct mf_outbox *outbox,
                    const struct mf_abilities *abilities,
                    struct mf_outgoing *out, int64_t now_ns)
{
    outbox->now_ns = now_ns;
    outbox->abilities = *abilities;
    outbox->is_connected = true;
    mf_outbox_read(outbox);
    if (send_loss(outbox, out))
        return true;
    if (outbox->is_backlog) {
        int rc = send_from_spool(outbox, out);
        if (rc != MF_ENOENT)
            return rc == 0;
        outbox->is_backlog = false;
    }
    while (!mf_list_is_empty(&outbox->ready)) {
        struct mf_thing *thing = MF_THING_OF(outbox->ready.next, wait);
        if (thing->is_flow ? send_flow(outbox, mf_as_flow(thing), out)
                           : send_loose(outbox, mf_as_loose(thing), out))
            return true;
    }
    mf_outbox__sync_memory(outbox);
    return false;
}

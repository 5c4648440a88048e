#include "exporter/sender/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "exporter/sender/outbox_state.h"

/* The longest message; far above two bodies of any sensible grpc_body_max. */
#define MESSAGE_MAX_LEN ((size_t)1 << 30)

/* A flow that lives gathers so long: most end within it. */
#define GATHER_NS ((int64_t)25 * MF_NS_PER_MS)

/* What a link may have in flight, beside what waits. */
#define IN_FLIGHT_LEN ((size_t)16 << 20)

/* Without a spool this share of the queue's maximum may be in memory. */
enum { MEMORY_SHARE = 2 };

static const char UNWRITTEN[] = "the spool could not be written";
static const char UNKNOWN[] = "the server has not got what it is a part of";

/* ---- life ---- */

struct mf_outbox *mf_outbox_new(struct mf_queue *queue)
{
    struct mf_outbox *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return NULL;
    outbox->queue = queue;
    outbox->connection = 1;
    outbox->flows = mf_map_new();
    mf_encoder_init(&outbox->work, MESSAGE_MAX_LEN);
    mf_encoder_init(&outbox->redacted, MESSAGE_MAX_LEN);
    mf_list_init(&outbox->ready);
    mf_list_init(&outbox->gathering);
    mf_list_init(&outbox->due);
    mf_list_init(&outbox->idle);
    if (!outbox->flows) {
        mf_outbox_free(outbox);
        return NULL;
    }
    return outbox;
}

void mf_outbox__sync_memory(struct mf_outbox *outbox)
{
    size_t memory = outbox->memory - outbox->idle_memory;
    if (memory != outbox->told_memory)
        mf_queue_hold(outbox->queue,
                      (int64_t)memory - (int64_t)outbox->told_memory);
    outbox->told_memory = memory;
}

static void empty_list(struct mf_outbox *outbox, struct mf_node *list)
{
    while (!mf_list_is_empty(list)) {
        struct mf_thing *thing = list == &outbox->due
                                     ? MF_THING_OF(list->next, due)
                                     : MF_THING_OF(list->next, wait);
        mf_outbox__stop_waiting(outbox, thing);
        mf_node_remove(&thing->due);
        if (thing->is_flow)
            mf_outbox__settle(outbox, mf_as_flow(thing));
        else
            mf_outbox__free_loose(outbox, mf_as_loose(thing));
    }
}

/* Forget all that is in memory. */
static void clear(struct mf_outbox *outbox)
{
    mf_outbox_read(outbox);
    for (size_t i = 0; i < outbox->flight_count; i++) {
        struct mf_thing *thing =
            outbox->flights[(outbox->flight_first + i) % outbox->flight_cap]
                .thing;
        if (thing && --thing->in_flight == 0)
            mf_outbox__wait(outbox, thing, true);
    }
    outbox->flight_count = outbox->flights_kept = 0;
    empty_list(outbox, &outbox->ready);
    empty_list(outbox, &outbox->gathering);
    empty_list(outbox, &outbox->due);
    while (!mf_list_is_empty(&outbox->idle))
        mf_outbox__free_flow(outbox, MF_IDLE_FLOW(outbox->idle.next));
}

void mf_outbox_free(struct mf_outbox *outbox)
{
    if (!outbox)
        return;
    if (outbox->flows)
        clear(outbox);
    mf_outbox__sync_memory(outbox);
    mf_spool_close(outbox->spool);
    mf_redactor_free(outbox->redactor);
    mf_map_free(outbox->flows);
    mf_encoder_release(&outbox->work);
    mf_encoder_release(&outbox->redacted);
    free(outbox->flights);
    free(outbox->current);
    free(outbox);
}

/* Positions in another spool mean nothing: what they stood for is due again. */
static void forget_positions(struct mf_outbox *outbox)
{
    for (size_t i = 0; i < outbox->flight_count; i++)
        outbox->flights[(outbox->flight_first + i) % outbox->flight_cap]
            .position = 0;
    for (struct mf_node *node = outbox->ready.next; node != &outbox->ready;
         node = node->next) {
        struct mf_thing *thing = MF_THING_OF(node, wait);
        mf_outbox__make_due(outbox, thing);
    }
    size_t position = 0;
    struct mf_flow_entry *flow;
    while ((flow = mf_map_next(outbox->flows, &position)))
        flow->thing.position = flow->whole = flow->kept = 0;
    for (struct mf_node *node = outbox->due.next; node != &outbox->due;
         node = node->next)
        MF_THING_OF(node, due)->position = 0;
    outbox->flights_kept = 0;
}

void mf_outbox_set_spool(struct mf_outbox *outbox, struct mf_spool *spool)
{
    struct mf_spool_stats stats = {0};
    if (outbox->spool)
        forget_positions(outbox);
    mf_spool_close(outbox->spool);
    outbox->spool = spool;
    outbox->retry_spool_ns = outbox->flush_ns = 0;
    outbox->spool_error[0] = 0;
    if (spool)
        mf_spool_get_stats(spool, &stats);
    /* What an earlier process left goes first. */
    outbox->is_backlog = stats.unread > 0;
}

void mf_outbox_set_redactor(struct mf_outbox *outbox,
                            struct mf_redactor *redactor)
{
    mf_redactor_free(outbox->redactor);
    outbox->redactor = redactor;
}

void mf_outbox_set_body_max(struct mf_outbox *outbox, size_t body_max)
{
    outbox->body_max = body_max;
}

void mf_outbox_lose(struct mf_outbox *outbox, uint64_t count, int64_t from_ns,
                    int64_t to_ns, const char *reason)
{
    mf_losses_add(&outbox->losses, count, from_ns, to_ns, reason);
}

/* ---- time ---- */

static void end_gathering(struct mf_outbox *outbox)
{
    while (!mf_list_is_empty(&outbox->gathering)) {
        struct mf_thing *thing = MF_THING_OF(outbox->gathering.next, wait);
        if (!outbox->is_hurried && thing->waits_ns + GATHER_NS > outbox->now_ns)
            return;
        mf_outbox__wait(outbox, thing, true);
    }
}

static void bound_memory(struct mf_outbox *outbox)
{
    size_t max = outbox->spool ? MF_OUTBOX_MEMORY_LEN
                               : mf_queue_max(outbox->queue) / MEMORY_SHARE;
    if (outbox->spool && outbox->is_connected)
        max += IN_FLIGHT_LEN;
    if (outbox->memory - outbox->idle_memory <= max)
        return;
    if (outbox->spool && outbox->now_ns >= outbox->retry_spool_ns &&
        !mf_list_is_empty(&outbox->due)) {
        mf_outbox__begin_backlog(outbox);
    }
    /* It could not be kept: the oldest goes. */
    max = mf_queue_max(outbox->queue) / MEMORY_SHARE;
    while (outbox->memory - outbox->idle_memory > max) {
        struct mf_node *list = mf_list_is_empty(&outbox->ready)
                                   ? &outbox->gathering
                                   : &outbox->ready;
        if (mf_list_is_empty(list))
            return;
        mf_outbox__lose_thing(outbox, MF_THING_OF(list->next, wait),
                              outbox->spool ? UNWRITTEN
                                            : "no more could wait in memory");
    }
}

int64_t mf_outbox_advance(struct mf_outbox *outbox, int64_t now_ns)
{
    outbox->now_ns = now_ns;
    mf_outbox__take_all(outbox);
    end_gathering(outbox);
    bound_memory(outbox);
    int64_t due = mf_outbox__keep_due(outbox);
    mf_outbox__sync_memory(outbox);
    if (!mf_list_is_empty(&outbox->gathering)) {
        const struct mf_thing *thing =
            MF_THING_OF(outbox->gathering.next, wait);
        if (thing->waits_ns + GATHER_NS < due)
            due = thing->waits_ns + GATHER_NS;
    }
    return due;
}

void mf_outbox_hurry(struct mf_outbox *outbox)
{
    outbox->is_hurried = true;
}

/* ---- acknowledgements ---- */

/* The flow is to be sent whole after all. */
static void ack_missing(struct mf_outbox *outbox, struct mf_flow_entry *flow)
{
    if (flow->has_whole) {
        flow->sent = 0;
        mf_outbox__wait(outbox, &flow->thing, true);
    } else if (flow->is_growing &&
               mf_outbox__want(outbox, flow, flow->label.is_end)) {
        mf_node_remove(&flow->thing.due);
        mf_outbox__settle(outbox, flow);
    } else {
        mf_outbox__lose_thing(outbox, &flow->thing, UNKNOWN);
    }
}

static void ack_flow(struct mf_outbox *outbox, struct mf_flow_entry *flow,
                     unsigned version)
{
    flow->acked = version;
    if (flow->thing.position && flow->spooled <= version)
        mf_outbox__forget_position(outbox, &flow->thing);
    if (version == flow->version)
        mf_node_remove(&flow->thing.due);
    else if (flow->is_held_back && !flow->thing.in_flight)
        mf_outbox__wait(outbox, &flow->thing, true);
    if (!flow->thing.in_flight)
        flow->is_held_back = false;
    mf_outbox__settle(outbox, flow);
}

static void ack_loose(struct mf_outbox *outbox, struct mf_loose *loose,
                      bool is_missing)
{
    if (is_missing && loose->flow && loose->label.kind != MF_KIND_WHOLE &&
        !mf_outbox__is_replaced(loose) &&
        !mf_outbox__want(outbox, loose->flow, loose->label.is_end))
        mf_outbox__lose(outbox, 1, loose->label.at_ns, UNKNOWN);
    mf_outbox__forget_position(outbox, &loose->thing);
    mf_outbox__free_loose(outbox, loose);
}

static void ack_record(struct mf_outbox *outbox, const struct mf_flight *flight,
                       bool is_missing)
{
    struct mf_flow_entry *flow =
        flight->id_len ? mf_outbox__find(outbox, flight->id, flight->id_len)
                       : NULL;
    if (is_missing && !flight->is_whole &&
        !(flow && flow->is_growing &&
          mf_outbox__want(outbox, flow, flow->label.is_end)))
        mf_outbox__lose(outbox, 1, 0, UNKNOWN);
    mf_outbox__ack_record(outbox, flight->position);
    if (!flow)
        return;
    if (flow->thing.position == flight->position) {
        flow->thing.position = 0;
        flow->acked = flow->spooled;
    }
    if (flow->is_growing)
        mf_outbox__drop_record(flow, flight->position, flight->kind);
    mf_outbox__settle(outbox, flow);
}

/* A report that is in memory. */
static bool is_loss(const struct mf_flight *flight)
{
    return !flight->thing && !flight->position && flight->kind == MF_KIND_LOSS;
}

static void ack_one(struct mf_outbox *outbox, bool is_missing)
{
    const struct mf_flight flight = outbox->flights[outbox->flight_first];
    struct mf_thing *thing = flight.thing;
    outbox->flight_first = (outbox->flight_first + 1) % outbox->flight_cap;
    outbox->flight_count--;
    outbox->sent++;
    if (thing && --thing->in_flight == 0 && thing->position)
        outbox->flights_kept--;
    if (thing && thing->is_flow && is_missing && !flight.is_whole)
        ack_missing(outbox, mf_as_flow(thing));
    else if (thing && thing->is_flow)
        ack_flow(outbox, mf_as_flow(thing), flight.version);
    else if (thing)
        ack_loose(outbox, mf_as_loose(thing), is_missing);
    else if (is_loss(&flight))
        mf_losses_ack(&outbox->losses);
    else
        ack_record(outbox, &flight, is_missing);
}

static bool is_named(const struct mf_outbox *outbox,
                     mf_outbox_is_missing *is_missing, const void *user)
{
    const struct mf_flight *flight = &outbox->flights[outbox->flight_first];
    const struct mf_thing *thing = flight->thing;
    if (!thing)
        return flight->id_len &&
               is_missing(user, (const uint8_t *)flight->id, flight->id_len);
    const struct mf_label *label =
        thing->is_flow ? &((const struct mf_flow_entry *)thing)->label
                       : &((const struct mf_loose *)thing)->label;
    return label->id_len &&
           is_missing(user, (const uint8_t *)label->id, label->id_len);
}

void mf_outbox_ack(struct mf_outbox *outbox, size_t count,
                   mf_outbox_is_missing *is_missing, const void *user,
                   int64_t now_ns)
{
    outbox->now_ns = now_ns;
    for (; count && outbox->flight_count; count--)
        ack_one(outbox, is_missing && is_named(outbox, is_missing, user));
    mf_outbox__sync_memory(outbox);
}

/* ---- without a server ---- */

void mf_outbox_disconnected(struct mf_outbox *outbox, int64_t now_ns)
{
    outbox->now_ns = now_ns;
    mf_outbox_read(outbox);
    outbox->was_loss_first =
        outbox->flight_count && is_loss(&outbox->flights[outbox->flight_first]);
    outbox->connection++;
    outbox->is_connected = false;
    mf_losses_requeue(&outbox->losses);
    outbox->flights_kept = 0;
    while (outbox->flight_count) {
        size_t last = outbox->flight_first + --outbox->flight_count;
        struct mf_thing *thing =
            outbox->flights[last % outbox->flight_cap].thing;
        /* Of several with it the oldest counts, after which it may be gone. */
        if (!thing || --thing->in_flight)
            continue;
        if (thing->is_flow)
            mf_as_flow(thing)->is_held_back = false;
        if (thing->is_flow && !mf_as_flow(thing)->first)
            mf_outbox__settle(outbox, mf_as_flow(thing));
        else
            mf_outbox__wait_first(outbox, thing);
    }
    if (outbox->spool)
        mf_spool_rewind(outbox->spool);
    mf_outbox__begin_backlog(outbox);
    mf_outbox__sync_memory(outbox);
}

/* Give up the first that comes from the spool; false: nothing does. */
static bool give_up_record(struct mf_outbox *outbox, const char *reason,
                           bool *ret_is_loss)
{
    struct mf_spool_item item;
    mf_spool_rewind(outbox->spool);
    bool has_item = mf_spool_next(outbox->spool, &item) == 0;
    if (has_item) {
        *ret_is_loss = item.label.kind == MF_KIND_LOSS;
        if (!*ret_is_loss)
            mf_outbox__lose(outbox, 1, item.label.at_ns, reason);
        mf_outbox__ack_record(outbox, item.position);
    }
    mf_spool_rewind(outbox->spool);
    return has_item;
}

bool mf_outbox_give_up(struct mf_outbox *outbox, const char *reason)
{
    bool is_loss = outbox->was_loss_first;
    outbox->was_loss_first = false;
    if (is_loss) {
        mf_losses_drop_told(&outbox->losses);
        return false;
    }
    /* What the spool could not keep is in memory in either case. */
    if (!(outbox->is_backlog && give_up_record(outbox, reason, &is_loss)) &&
        !mf_list_is_empty(&outbox->ready))
        mf_outbox__lose_thing(outbox, MF_THING_OF(outbox->ready.next, wait),
                              reason);
    mf_outbox__sync_memory(outbox);
    return !is_loss;
}

/* Things that are neither at a server nor in the spool. */
static size_t count_left(const struct mf_outbox *outbox)
{
    const struct mf_node *lists[] = {&outbox->ready, &outbox->gathering};
    size_t count = 0;
    for (const struct mf_node *node = outbox->due.next; node != &outbox->due;
         node = node->next)
        count++;
    for (size_t i = 0; i < 2; i++)
        for (const struct mf_node *node = lists[i]->next; node != lists[i];
             node = node->next)
            count += !mf_node_is_in(&MF_THING_OF(node, wait)->due);
    return count;
}

static void seal_losses(struct mf_outbox *outbox)
{
    const struct mf_label label = {
        .kind = MF_KIND_LOSS,
        .at_ns = mf_clock_wall_ns(),
    };
    for (size_t i = 0; i < outbox->losses.count; i++) {
        mf_spool_position position;
        mf_encoder_clear(&outbox->work);
        mf_loss_put(&outbox->losses.items[i], &outbox->work);
        struct mf_spliced message = mf_spliced_of(&outbox->work);
        if (!outbox->work.error)
            mf_spool_add(outbox->spool, &label, &message, &position);
    }
    outbox->losses.count = 0;
}

size_t mf_outbox_seal(struct mf_outbox *outbox)
{
    mf_outbox_disconnected(outbox, outbox->now_ns);
    outbox->retry_spool_ns = 0;
    if (outbox->spool)
        mf_outbox__keep_all(outbox);
    size_t lost = count_left(outbox);
    if (lost)
        mf_outbox__lose(outbox, lost, 0,
                        outbox->spool ? UNWRITTEN : "the proxy ended");
    if (outbox->spool && !mf_outbox__flush(outbox))
        lost += (size_t)mf_spool_give_up_gathered(outbox->spool, UNWRITTEN);
    if (outbox->spool)
        seal_losses(outbox);
    clear(outbox);
    mf_outbox__sync_memory(outbox);
    if (outbox->spool)
        mf_outbox__flush(outbox);
    return lost;
}

/* ---- how it stands ---- */

void mf_outbox_get_stats(const struct mf_outbox *outbox,
                         struct mf_outbox_stats *ret_stats)
{
    *ret_stats = (struct mf_outbox_stats){
        .waiting = outbox->waiting,
        .in_flight = outbox->flight_count,
        .sent = outbox->sent,
        .lost = outbox->losses.total,
        .skipped = outbox->skipped,
        .memory = outbox->memory,
        .flows = mf_map_count(outbox->flows),
        .is_backlog = outbox->is_backlog,
    };
    memcpy(ret_stats->lost_reason, outbox->losses.last_reason,
           sizeof ret_stats->lost_reason);
    memcpy(ret_stats->spool_error, outbox->spool_error,
           sizeof ret_stats->spool_error);
    if (outbox->spool)
        mf_spool_get_stats(outbox->spool, &ret_stats->spool);
    if (outbox->is_backlog)
        ret_stats->waiting += (size_t)ret_stats->spool.unread;
}

static bool has_unread(const struct mf_outbox *outbox)
{
    struct mf_spool_stats stats = {0};
    if (outbox->is_backlog)
        mf_spool_get_stats(outbox->spool, &stats);
    return stats.unread > 0;
}

bool mf_outbox_has_waiting(const struct mf_outbox *outbox)
{
    return !mf_list_is_empty(&outbox->ready) || has_unread(outbox) ||
           (outbox->abilities.losses && mf_losses_has_next(&outbox->losses));
}

bool mf_outbox_is_empty(const struct mf_outbox *outbox)
{
    return !outbox->waiting && !outbox->flight_count &&
           mf_list_is_empty(&outbox->due) && !has_unread(outbox) &&
           !(outbox->abilities.losses && outbox->losses.count) &&
           mf_queue_is_empty(outbox->queue);
}

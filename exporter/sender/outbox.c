#include "exporter/sender/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Without a spool this share of the queue's maximum may be in memory. */
enum { MEMORY_SHARE = 2 };

struct item {
    struct item *next;
    struct mf_label label;
    struct mf_spliced body;
    void *flow;
    unsigned attempt;
    size_t memory;
};

struct mf_outbox {
    struct mf_queue *queue;
    struct mf_redactor *redactor;
    struct mf_spool *spool;
    size_t body_max;
    struct item *first, *last, *last_in_flight;
    struct mf_outbox_stats stats;
};

struct mf_outbox *mf_outbox_new(struct mf_queue *queue)
{
    struct mf_outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox)
        outbox->queue = queue;
    return outbox;
}

static void item_free(struct mf_outbox *outbox, struct item *item)
{
    for (size_t i = 0; i < item->body.splice_count; i++)
        mf_queue_let_go(outbox->queue, item->body.splices[i].object);
    if (item->flow)
        mf_queue_let_go(outbox->queue, item->flow);
    outbox->stats.memory -= item->memory;
    mf_queue_hold(outbox->queue, -(int64_t)item->memory);
    free(item);
}

static void drop_first(struct mf_outbox *outbox)
{
    struct item *item = outbox->first;
    outbox->first = item->next;
    if (outbox->last == item)
        outbox->last = NULL;
    if (outbox->last_in_flight == item)
        outbox->last_in_flight = NULL;
    item_free(outbox, item);
}

/* The first that waits, or NULL. */
static struct item *first_waiting(const struct mf_outbox *outbox)
{
    return outbox->last_in_flight ? outbox->last_in_flight->next
                                  : outbox->first;
}

static void drop_first_waiting(struct mf_outbox *outbox)
{
    struct item *before = outbox->last_in_flight, *item;
    outbox->stats.waiting--;
    if (!before) {
        drop_first(outbox);
        return;
    }
    item = before->next;
    before->next = item->next;
    if (outbox->last == item)
        outbox->last = before;
    item_free(outbox, item);
}

void mf_outbox_free(struct mf_outbox *outbox)
{
    if (!outbox)
        return;
    while (outbox->first)
        drop_first(outbox);
    free(outbox);
}

void mf_outbox_set_spool(struct mf_outbox *outbox, struct mf_spool *spool)
{
    outbox->spool = spool;
}

void mf_outbox_set_redactor(struct mf_outbox *outbox,
                            struct mf_redactor *redactor, size_t body_max)
{
    outbox->redactor = redactor;
    outbox->body_max = body_max;
}

/* ---- intake ---- */

static void take(struct mf_outbox *outbox, const struct mf_message *message)
{
    size_t splices_len =
        message->body.splice_count * sizeof *message->body.splices;
    struct item *item = malloc(sizeof *item + splices_len + message->body.len);
    if (!item) {
        for (size_t i = 0; i < message->body.splice_count; i++)
            mf_queue_let_go(outbox->queue, message->body.splices[i].object);
        if (message->flow)
            mf_queue_let_go(outbox->queue, message->flow);
        outbox->stats.lost++;
        return;
    }
    struct mf_splice *splices = (struct mf_splice *)(item + 1);
    uint8_t *bytes = (uint8_t *)splices + splices_len;
    *item = (struct item){
        .label = message->label,
        .body = {bytes, message->body.len, splices, message->body.splice_count},
        .flow = message->flow,
        .attempt = message->attempt,
        .memory = message->memory,
    };
    if (splices_len)
        memcpy(splices, message->body.splices, splices_len);
    memcpy(bytes, message->body.bytes, message->body.len);
    if (outbox->last)
        outbox->last->next = item;
    else
        outbox->first = item;
    outbox->last = item;
    outbox->stats.waiting++;
    outbox->stats.memory += item->memory;
    mf_queue_hold(outbox->queue, (int64_t)item->memory);
}

int64_t mf_outbox_advance(struct mf_outbox *outbox, int64_t now_ns)
{
    (void)now_ns;
    struct mf_message *message = mf_queue_take(outbox->queue);
    while (message) {
        struct mf_message *next = message->next;
        take(outbox, message);
        mf_queue_release(outbox->queue, message);
        message = next;
    }
    size_t max = mf_queue_max(outbox->queue) / MEMORY_SHARE;
    while (outbox->stats.memory > max && outbox->stats.waiting) {
        drop_first_waiting(outbox);
        outbox->stats.lost++;
    }
    return INT64_MAX;
}

/* ---- sending ---- */

static void want(struct mf_outbox *outbox, struct item *item)
{
    struct mf_wanted wanted = {
        .flow = item->flow,
        .event = item->label.event,
        .attempt = item->attempt,
        .is_end = item->label.is_end,
    };
    /* What else is on its way says nothing new. */
    for (struct item *i = outbox->first; i; i = i->next)
        if (i != item && i->flow == item->flow) {
            mf_queue_let_go(outbox->queue, i->flow);
            i->flow = NULL;
            wanted.event = i->label.event;
            wanted.is_end |= i->label.is_end;
        }
    item->flow = NULL;
    mf_queue_want(outbox->queue, &wanted);
}

static bool can_take(const struct mf_abilities *abilities,
                     const struct mf_label *label)
{
    switch (label->kind) {
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

bool mf_outbox_next(struct mf_outbox *outbox,
                    const struct mf_abilities *abilities,
                    struct mf_outgoing *out, int64_t now_ns)
{
    (void)now_ns;
    const struct mf_outgoing_rules rules = {
        .published = abilities->published,
        .max_len = abilities->max_len,
        .body_max = abilities->body_max,
    };
    struct item *item;
    while ((item = first_waiting(outbox))) {
        if (!can_take(abilities, &item->label)) {
            if (item->flow)
                want(outbox, item);
        } else if (mf_outgoing_begin(out, &item->body, &rules)) {
            outbox->stats.lost++;
        } else {
            outbox->last_in_flight = item;
            outbox->stats.waiting--;
            outbox->stats.in_flight++;
            return true;
        }
        drop_first_waiting(outbox);
    }
    return false;
}

void mf_outbox_ack(struct mf_outbox *outbox, size_t count,
                   mf_outbox_is_missing *is_missing, const void *user,
                   int64_t now_ns)
{
    (void)now_ns;
    for (; count && outbox->stats.in_flight; count--) {
        struct item *item = outbox->first;
        if (is_missing && item->flow && item->label.kind == MF_KIND_APPEND &&
            is_missing(user, (const uint8_t *)item->label.id,
                       item->label.id_len))
            want(outbox, item);
        outbox->stats.in_flight--;
        outbox->stats.sent++;
        drop_first(outbox);
    }
}

void mf_outbox_disconnected(struct mf_outbox *outbox, int64_t now_ns)
{
    (void)now_ns;
    outbox->stats.waiting += outbox->stats.in_flight;
    outbox->stats.in_flight = 0;
    outbox->last_in_flight = NULL;
}

void mf_outbox_give_up(struct mf_outbox *outbox, const char *reason)
{
    (void)reason;
    if (!outbox->first)
        return;
    if (outbox->stats.in_flight) {
        outbox->stats.in_flight--;
        drop_first(outbox);
    } else {
        drop_first_waiting(outbox);
    }
    outbox->stats.lost++;
}

size_t mf_outbox_seal(struct mf_outbox *outbox)
{
    size_t lost = outbox->stats.waiting + outbox->stats.in_flight;
    while (outbox->first)
        drop_first(outbox);
    outbox->stats.waiting = outbox->stats.in_flight = 0;
    outbox->stats.lost += lost;
    return lost;
}

void mf_outbox_get_stats(const struct mf_outbox *outbox,
                         struct mf_outbox_stats *ret_stats)
{
    *ret_stats = outbox->stats;
}

bool mf_outbox_has_waiting(const struct mf_outbox *outbox)
{
    return outbox->stats.waiting > 0;
}

bool mf_outbox_is_empty(const struct mf_outbox *outbox)
{
    return !outbox->first && mf_queue_is_empty(outbox->queue);
}

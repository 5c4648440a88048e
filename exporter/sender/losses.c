#include "exporter/sender/losses.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "exporter/sender/random.h"

enum { LOSS = 103 /* of ExportFlowRequest */ };

/* The report that this reason's losses are added to, maybe a new one. */
static struct mf_loss *find(struct mf_losses *losses, const char *reason)
{
    for (size_t i = 0; i < losses->count; i++)
        if (!losses->items[i].is_told &&
            strcmp(losses->items[i].reason, reason) == 0)
            return &losses->items[i];
    if (losses->count == MF_LOSSES_MAX) {
        /* Rather a wrong reason than none. */
        struct mf_loss *last = &losses->items[MF_LOSSES_MAX - 1];
        return last->is_told ? NULL : last;
    }
    struct mf_loss *loss = &losses->items[losses->count];
    *loss = (struct mf_loss){0};
    if (mf_random_hex(loss->id, MF_LOSS_ID_LEN))
        return NULL;
    losses->count++;
    return loss;
}

void mf_losses_add(struct mf_losses *losses, uint64_t count, int64_t from_ns,
                   int64_t to_ns, const char *reason)
{
    char text[MF_LOSS_REASON_CAP];
    snprintf(text, sizeof text, "%s", reason);
    struct mf_loss *loss = find(losses, text);
    losses->total += count;
    memcpy(losses->last_reason, text, sizeof text);
    if (!loss)
        return;
    if (!loss->count) {
        memcpy(loss->reason, text, sizeof text);
        loss->from_ns = from_ns;
        loss->to_ns = to_ns;
    }
    if (from_ns < loss->from_ns)
        loss->from_ns = from_ns;
    if (to_ns > loss->to_ns)
        loss->to_ns = to_ns;
    loss->count += count;
}

struct mf_loss *mf_losses_next(struct mf_losses *losses)
{
    for (size_t i = 0; i < losses->count; i++) {
        struct mf_loss *loss = &losses->items[i];
        if (loss->in_flight)
            continue;
        loss->in_flight = loss->is_told = true;
        return loss;
    }
    return NULL;
}

bool mf_losses_has_next(const struct mf_losses *losses)
{
    for (size_t i = 0; i < losses->count; i++)
        if (!losses->items[i].in_flight)
            return true;
    return false;
}

void mf_losses_requeue(struct mf_losses *losses)
{
    for (size_t i = 0; i < losses->count; i++)
        losses->items[i].in_flight = false;
}

static void drop(struct mf_losses *losses, size_t i)
{
    if (i == losses->count)
        return;
    losses->count--;
    memmove(&losses->items[i], &losses->items[i + 1],
            (losses->count - i) * sizeof *losses->items);
}

void mf_losses_ack(struct mf_losses *losses)
{
    size_t i = 0;
    while (i < losses->count && !losses->items[i].in_flight)
        i++;
    drop(losses, i);
}

void mf_losses_drop_told(struct mf_losses *losses)
{
    size_t i = 0;
    while (i < losses->count && !losses->items[i].is_told)
        i++;
    drop(losses, i);
}

static void put_time(struct mf_encoder *out, uint32_t number, int64_t ns)
{
    if (ns <= 0)
        return;
    struct mf_mark mark = mf_encoder_begin(out, number);
    mf_encoder_varint_opt(out, 1, (uint64_t)(ns / MF_NS_PER_S));
    mf_encoder_varint_opt(out, 2, (uint64_t)(ns % MF_NS_PER_S));
    mf_encoder_end(out, mark);
}

void mf_loss_put(const struct mf_loss *loss, struct mf_encoder *out)
{
    struct mf_mark mark = mf_encoder_begin(out, LOSS);
    mf_encoder_bytes_opt(out, 1, loss->id, strlen(loss->id));
    mf_encoder_varint_opt(out, 2, loss->count);
    put_time(out, 3, loss->from_ns);
    put_time(out, 4, loss->to_ns);
    mf_encoder_bytes_opt(out, 5, loss->reason, strlen(loss->reason));
    mf_encoder_end(out, mark);
}

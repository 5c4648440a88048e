/* What whole snapshots do to the messages of a flow that grows. */
#include <stdlib.h>

#include "flow/messages.h"
#include "store/front_impl.h"

/* Of messages, a head has no more than these bytes. */
enum { HEAD_MESSAGES_LEN = 64 << 10 };

struct mf_growth *mf_growth_new(void)
{
    struct mf_growth *growth = calloc(1, sizeof *growth);
    if (!growth)
        return NULL;
    mf_buf_init(&growth->messages, SIZE_MAX);
    mf_buf_init(&growth->fields, SIZE_MAX);
    mf_buf_init(&growth->meta, SIZE_MAX);
    return growth;
}

void mf_growth_free(struct mf_growth *growth)
{
    if (!growth)
        return;
    free(growth->derived);
    mf_buf_release(&growth->messages);
    mf_buf_release(&growth->fields);
    mf_buf_release(&growth->meta);
    free(growth);
}

/* A snapshot's messages beside those that are known. */
struct tally {
    uint64_t count;
    uint64_t digest;
    uint64_t digest_before; /* of as many as are known */
    uint64_t bytes;
    uint64_t fit; /* so many fit into a head */
};

static struct tally take_stock(const struct mf_flow *flow, uint64_t known)
{
    struct tally tally = {0};
    struct mf_messages_walk walk;
    mf_messages_walk(flow, &walk);
    while (mf_messages_next(&walk)) {
        if (tally.count == known)
            tally.digest_before = tally.digest;
        tally.digest = mf_message_digest(
            tally.digest, (const uint8_t *)walk.message.text, walk.message.len);
        tally.count++;
        tally.bytes += walk.message.len;
        if (tally.bytes <= HEAD_MESSAGES_LEN)
            tally.fit = tally.count;
    }
    if (tally.count == known)
        tally.digest_before = tally.digest;
    return tally;
}

static int copy_messages(const struct mf_flow *flow, uint64_t from,
                         struct mf_buf *out)
{
    struct mf_messages_walk walk;
    uint64_t index = 0;
    int rc = 0;
    mf_messages_walk(flow, &walk);
    while (!rc && mf_messages_next(&walk))
        if (index++ >= from)
            rc = mf_message_put(mf_flow_type(flow), walk.message, out);
    return rc;
}

int mf_growth_plan(struct mf_growth *growth, const struct mf_flow *flow,
                   struct mf_growth_plan *ret_plan)
{
    uint64_t known = growth ? growth->count : 0;
    struct tally tally = take_stock(flow, known);
    bool has_pieces = growth && growth->has_pieces;
    bool goes_on = has_pieces && growth->digest && tally.count >= known &&
                   tally.digest_before == growth->digest;
    struct mf_growth_plan plan = {
        .replaces = has_pieces && !goes_on,
        .follows = goes_on && growth->messages.len,
        .count = tally.count,
        .digest = tally.digest,
        .head_count = goes_on ? growth->head_count : tally.fit,
    };
    plan.from = goes_on ? known : plan.head_count;
    mf_buf_init(&plan.messages, SIZE_MAX);
    int rc = plan.from < plan.count
                 ? copy_messages(flow, plan.from, &plan.messages)
                 : 0;
    /* It goes behind what waits already. */
    if (!rc && plan.follows)
        rc = mf_buf_reserve(&growth->messages, plan.messages.len);
    if (rc) {
        mf_buf_release(&plan.messages);
        return rc;
    }
    *ret_plan = plan;
    return 0;
}

void mf_growth_apply(struct mf_growth *growth, struct mf_growth_plan *plan)
{
    growth->replaces |= plan->replaces;
    growth->count = plan->count;
    growth->digest = plan->digest;
    growth->head_count = plan->head_count;
    growth->has_pieces = plan->head_count < plan->count;
    if (plan->follows) {
        mf_buf_append(&growth->messages, plan->messages.data,
                      plan->messages.len);
        growth->pending = plan->count - growth->first;
        mf_buf_release(&plan->messages);
    } else {
        mf_buf_release(&growth->messages);
        growth->messages = plan->messages;
        growth->first = plan->from;
        growth->pending = plan->count - plan->from;
        mf_buf_init(&plan->messages, SIZE_MAX);
    }
    /* The snapshot says all of it. */
    mf_buf_clear(&growth->fields);
    mf_buf_clear(&growth->meta);
}

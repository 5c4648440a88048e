#include "exporter/sender/backoff.h"

#include "base/clock.h"

#define FIRST_NS ((int64_t)100 * MF_NS_PER_MS)
#define LAST_NS ((int64_t)5000 * MF_NS_PER_MS)

void mf_backoff_init(struct mf_backoff *backoff, uint64_t seed)
{
    *backoff = (struct mf_backoff){FIRST_NS, seed | 1};
}

int64_t mf_backoff_next_ns(struct mf_backoff *backoff)
{
    /* xorshift64: no more than a spread is asked of it. */
    backoff->seed ^= backoff->seed << 13;
    backoff->seed ^= backoff->seed >> 7;
    backoff->seed ^= backoff->seed << 17;
    int64_t half = backoff->step_ns / 2;
    int64_t wait = half + (int64_t)(backoff->seed % (uint64_t)(half + 1));
    backoff->step_ns =
        backoff->step_ns > LAST_NS / 2 ? LAST_NS : backoff->step_ns * 2;
    return wait;
}

void mf_backoff_reset(struct mf_backoff *backoff)
{
    backoff->step_ns = FIRST_NS;
}

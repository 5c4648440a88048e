/*
 * mf_backoff: how long to wait before the next attempt: 0.1 s at first, then
 * twice as long each time up to 5 s; each drawn from the upper half of that,
 * so that many exporters do not come at once.
 */
#ifndef MF_EXPORTER_BACKOFF_H
#define MF_EXPORTER_BACKOFF_H

#include <stdint.h>

struct mf_backoff {
    int64_t step_ns;
    uint64_t seed;
};

void mf_backoff_init(struct mf_backoff *backoff, uint64_t seed);

/* The next wait. */
int64_t mf_backoff_next_ns(struct mf_backoff *backoff);

/* It went well: begin anew. */
void mf_backoff_reset(struct mf_backoff *backoff);

#endif

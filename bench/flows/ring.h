/*
 * A ring of made-up flows with blanks: flow n is made by filling in those of
 * one of them, cheaply, so that no two flows are the same and flow n is the
 * same whoever makes it.
 */
#ifndef MF_BENCH_RING_H
#define MF_BENCH_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "words.h"

enum { PREFIX_LEN = 5 /* gRPC's, of every message */ };

struct ring;

/* Of `count` flows; `snapshots` is 1 or 4. With `whole` each snapshot holds
 * all that the last does. */
struct ring *ring_new(uint64_t seed, size_t count, int snapshots, bool whole);
void ring_free(struct ring *ring);

/* The longest of its messages, prefix included, and the mean. */
size_t ring_max_len(const struct ring *ring);
double ring_mean_len(const struct ring *ring);

/* Write snapshot `stage` (0 to snapshots - 1) of flow `n` that began at
 * `start_ns`, to `at`; how long it is. */
size_t ring_put(const struct ring *ring, uint64_t n, int stage,
                int64_t start_ns, uint8_t *at);

/* What is in flow n, and in no other. */
void flow_id(uint64_t seed, uint64_t n, char text[UUID_LEN]);
void flow_uuid(uint64_t seed, uint64_t n, char text[UUID_LEN]);
void flow_token(uint64_t seed, uint64_t n, char text[TOKEN_LEN]);
/* What is in few. */
uint32_t flow_name(uint64_t seed, uint64_t n);

int64_t clock_ns(void);

#endif

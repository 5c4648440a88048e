/*
 * Flows as a proxy sees them, made up: JSON, HTML, binary bodies, DNS and
 * TCP, with words of which few are common and most are rare, ids, numbers
 * and headers that repeat. The same ones in each run.
 */
#ifndef MF_BENCH_STORE_TRAFFIC_H
#define MF_BENCH_STORE_TRAFFIC_H

#include "flow/flow.h"

enum { TRAFFIC_WORDS = 20000, TRAFFIC_WORD_MAX = 24 };

struct traffic {
    uint64_t state;
    char words[TRAFFIC_WORDS][TRAFFIC_WORD_MAX]; /* commonest first */
    const char *folder; /* bodies are parts of the files in it; NULL: made up */
    char **files;
    size_t file_count;
};

void traffic_init(struct traffic *traffic, const char *folder);
void traffic_release(struct traffic *traffic);

uint64_t traffic_random(struct traffic *traffic, uint64_t below);
const char *traffic_word(struct traffic *traffic); /* by how common it is */
void traffic_uuid(struct traffic *traffic, char text[37]);

/* A flow of some 3 to 4 KB, encoded anew into `buf`. Exits if it cannot. */
struct mf_flow *traffic_flow(struct traffic *traffic, struct mf_buf *buf);

#endif

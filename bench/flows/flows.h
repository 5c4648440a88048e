/* What bench-flows can do; each prints its figures as JSON and fails loudly. */
#ifndef MF_BENCH_FLOWS_H
#define MF_BENCH_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct send_opts {
    unsigned port;
    const char *path;
    bool checks; /* flows_processed of each answer */
    uint64_t first, flows;
    size_t streams;
    int snapshots;
    bool is_whole; /* the first snapshots too */
    double rate;   /* messages a second; 0: as many as go */
    uint64_t seed;
    size_t templates;
    uint64_t span_s; /* begin times cover so much, up to now; 0: now */
};
void send_flows(const struct send_opts *opts);

struct watch_opts {
    unsigned port;
    size_t viewers;
    size_t silent;     /* further ones that never read */
    double pause_s;    /* the first viewer pauses so long, once, */
    double pause_at_s; /* so long after the first flow */
    uint64_t first;    /* the number of the first flow that is waited for */
    uint64_t flows;    /* and how many; each has to be told as ended */
    int limit;         /* of the list that a watch begins with */
    double patience_s; /* with nothing new; then what is missing is told */
};
/* Prints "watching" once all have caught up. */
void watch_flows(const struct watch_opts *opts);

/* Viewers that come, read what there is, and go, until killed. */
void come_and_go(unsigned port, size_t viewers);

/* Calls one after the other, as lines of standard input say:
 * LABEL PATH REQUEST-IN-HEX; no more of them after `seconds`. */
void ask(unsigned port, bool for_ever, double seconds);

/* A list that is asked for (GetFlows) and never read, until killed. */
void never_read(unsigned port, const char *path, const char *request_hex);

#endif

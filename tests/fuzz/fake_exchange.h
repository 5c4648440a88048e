/*
 * An mf_exchange, and the timers beside it, without a net: for targets that
 * feed src/rpc. What rpc says is kept, and held to the rules of net.
 */
#ifndef MF_TESTS_FAKE_EXCHANGE_H
#define MF_TESTS_FAKE_EXCHANGE_H

#include "net/exchange.h"

#include "base/buf.h"

enum { FAKE_HEADERS_MAX = 64 };

struct fake_fields {
    struct mf_header list[FAKE_HEADERS_MAX]; /* owned */
    size_t count;
};

struct mf_exchange {
    const char *method;
    const char *path;
    int version;
    struct mf_header headers[FAKE_HEADERS_MAX]; /* borrowed */
    size_t header_count;

    const struct mf_exchange_events *events;
    void *user;
    bool is_paused;
    bool has_deadline;

    int status;
    struct fake_fields answer;
    struct fake_fields trailers;
    struct mf_buf body;
    bool is_responded;
    bool is_finished;
    bool is_reset;
};

void fake_exchange_release(struct mf_exchange *x);

/* The first value of `name`, or NULL. */
const char *fake_fields_get(const struct fake_fields *fields, const char *name);
size_t fake_fields_count(const struct fake_fields *fields, const char *name);

/* Fire the timers that run, those that wait for nothing or all. */
void fake_timers_run(bool all);

#endif

/* A store in a folder of its own, and flows to put into it. */
#ifndef MF_TESTS_UNIT_STORE_SUPPORT_H
#define MF_TESTS_UNIT_STORE_SUPPORT_H

#include "../cmocka.h"

#include <pthread.h>
#include <stdio.h>

#include "store/internal.h"
#include "store/reader.h"
#include "store/store.h"

/* What the store told, and a way to wait for it. Changes are as of the last
 * take_changes(), which every call that waits ends with. */
struct told {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t ticket;
    size_t commits;
    size_t failures;
    size_t change_count;
    uint64_t last_change;
    bool has_gap; /* a change was not the one after the last */
    size_t new_count;
    size_t gone_count;
    size_t evicted_count;
    size_t done_count;
    int done_rc;
    uint64_t done_deleted;
    uint64_t done_number;
    bool done_pinned;
    char done_note[64];
    struct mf_err failure;
};

struct fixture {
    char root[64];
    char dir[80];
    struct mf_store__limits limits;
    uint64_t max_flows;
    struct told told;
    struct mf_store *store;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

void fixture_open(struct fixture *fixture);
int fixture_try_open(struct fixture *fixture, struct mf_err *err);
void fixture_close(struct fixture *fixture);
void fixture_reopen(struct fixture *fixture);

/* A TCP flow with one message; `event` as EventType, `text` as its bytes. */
struct mf_flow *make_flow(const void *id, size_t id_len, unsigned event,
                          const char *text);
enum { TCP_MESSAGE = 14, TCP_END = 15 };

/* Put and return the ticket. */
uint64_t put_id(struct fixture *fixture, const void *id, size_t id_len,
                unsigned event, const char *text, const char *session);
uint64_t put(struct fixture *fixture, const char *id, unsigned event,
             const char *text);

void take_changes(struct fixture *fixture);
void wait_ticket(struct fixture *fixture, uint64_t ticket);
void wait_done(struct fixture *fixture, size_t count);
void wait_failure(struct fixture *fixture, size_t count);
/* By the store's own count, and the changes told so far, durable. */
void wait_flow_count(struct fixture *fixture, uint64_t count);
uint64_t flow_count(struct fixture *fixture);

/* As mf_store_update() and the others, waiting for `done`; its rc. */
int update(struct fixture *fixture, const char *id, const bool *pinned,
           const char *note);
int delete_id(struct fixture *fixture, const char *id);
int delete_all(struct fixture *fixture);
void told_done(void *user, int rc, struct mf_record *record, uint64_t count);

/* Read with a reader of its own; release the window. */
struct mf_window list(struct fixture *fixture, size_t limit);
int changes(struct fixture *fixture, uint64_t after, size_t limit,
            struct mf_window *ret_window);
struct mf_record *get(struct fixture *fixture, const void *id, size_t id_len);

/* The bytes of the message of a record's flow. */
bool holds(const struct mf_record *record, const char *text);

/* The first column of the first row of `sql`, run on the store's database
 * beside it. */
int64_t sql_int(struct fixture *fixture, const char *sql);

#endif

/*
 * mf_aside: what exporters tell beside flows, on its way to the tables
 * `connection`, `loss` and `descriptor`; and that a person's deletions take
 * what is known of connections and message types with them.
 *
 * Thread:  items are made by anybody, queued under the front's mutex, written
 *          by the writer.
 */
#ifndef MF_STORE_ASIDE_H
#define MF_STORE_ASIDE_H

#include <sqlite3.h>

#include "flow/connection.h"
#include "flow/loss.h"

enum mf_aside_kind {
    MF_ASIDE_CONNECTION,
    MF_ASIDE_LOSS,
    MF_ASIDE_FORGET, /* all connections */
    MF_ASIDE_DESCRIPTOR,
    MF_ASIDE_FORGET_DESCRIPTORS, /* all */
};

/* One row to be; texts lie behind it. */
struct mf_aside {
    struct mf_aside *next;
    enum mf_aside_kind kind;
    struct mf_span source;
    struct mf_span id; /* descriptor: its name */
    uint64_t number;   /* loss: its own; connection: its mark; descriptor: of
                          its flow */
    uint64_t key;      /* connection */
    uint32_t event;
    bool is_server;
    int64_t heard_ns;
    int64_t at_ns;
    int64_t opened_ns;   /* loss: from */
    int64_t closed_ns;   /* loss: to */
    uint64_t count;      /* loss */
    struct mf_span text; /* error or reason */
    struct mf_span kept; /* descriptor: its bytes */
    size_t bytes;        /* of the backlog */
    char data[];
};

struct mf_asides {
    struct mf_aside *first;
    struct mf_aside **end;
    size_t bytes;
};

void mf_asides_init(struct mf_asides *asides);
void mf_asides_push(struct mf_asides *asides, struct mf_aside *aside);
/* Frees what is queued. */
void mf_asides_release(struct mf_asides *asides);

/* NULL: out of memory. All that is borrowed is copied; `number`, `key` and
 * `heard_ns` are the caller's to set. */
struct mf_aside *mf_aside_new_connection(const struct mf_connection *connection,
                                         struct mf_span source);
struct mf_aside *mf_aside_new_loss(const struct mf_loss *loss,
                                   struct mf_span source);
struct mf_aside *mf_aside_new_descriptor(struct mf_span name,
                                         struct mf_span bytes);
struct mf_aside *mf_aside_new_forget(enum mf_aside_kind kind);

/* ---- the writer's ---- */

/* Rows of `connection` and `loss` that are kept, at most. */
enum { MF_CONNECTIONS_MAX = 200000, MF_LOSSES_MAX = 1000 };

struct mf_aside_tables;

int mf_aside_tables_new(sqlite3 *db, size_t connections_max,
                        struct mf_aside_tables **ret_tables,
                        struct mf_err *err);
void mf_aside_tables_free(struct mf_aside_tables *tables); /* NULL is fine */

/* The next three run inside a transaction of the caller, who tells by
 * mf_aside_tables_end() how it ended; before a rollback. */

/* Write what is queued; connections beyond the maximum go. */
int mf_aside_tables_write(struct mf_aside_tables *tables,
                          const struct mf_asides *asides, struct mf_err *err);

/* The connection with this key goes. */
int mf_aside_tables_forget(struct mf_aside_tables *tables, uint64_t key,
                           struct mf_span source, struct mf_err *err);

/* What flow `number` told of message types goes. */
int mf_aside_tables_forget_descriptors(struct mf_aside_tables *tables,
                                       uint64_t number, struct mf_err *err);

/* Some of the connections go that have a mark below `mark` and were heard of
 * before `heard_ns`. */
int mf_aside_tables_let_go(struct mf_aside_tables *tables, uint64_t mark,
                           int64_t heard_ns, struct mf_err *err);

void mf_aside_tables_end(struct mf_aside_tables *tables, bool is_committed);

#endif

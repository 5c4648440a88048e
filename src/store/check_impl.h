/* What the parts of mf_check share. */
#ifndef MF_STORE_CHECK_IMPL_H
#define MF_STORE_CHECK_IMPL_H

#include <sqlite3.h>
#include <stdbool.h>

#include "flow/columns.h"
#include "store/check.h"
#include "store/names.h"

/* Where a row says that a head or a piece is. */
struct mf_check_place {
    uint64_t number;
    uint64_t first; /* MF_BLOCK_HEAD: a head */
    uint64_t frame;
    uint32_t slot;
    bool is_seen;
};

/* In order of number, then first. */
struct mf_check_places {
    struct mf_check_place *list;
    size_t count;
    size_t cap;
};

struct mf_check_store {
    uint64_t last_number;
    uint64_t last_change;
    uint64_t top_change;
    uint64_t last_frame;
    uint64_t tombstone_floor;
    uint64_t flow_count;
    uint64_t pinned_count;
    uint64_t sealed_groups;
    uint64_t paged;
    uint64_t resigned; /* signatures of later frames up to the next one are of
                          an earlier version, which we do not know */
    uint64_t resign_to;
};

struct mf_check {
    sqlite3 *db;
    struct mf_names *names;
    sqlite3_stmt *get_flow; /* of check_rows.c */
    struct mf_check_store store;
    struct mf_check_places heads;
    struct mf_check_places pieces;
    struct mf_check_sum sum;
    void (*on_fault)(void *user, const char *line);
    void *user;
};

void mf_check__fault(struct mf_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Each looks at one thing and tells its faults; an error is one of SQL or
 * memory. In this order: rows find the places that blocks look up. */
int mf_check__rows(struct mf_check *check, struct mf_err *err);
int mf_check__recent(struct mf_check *check, struct mf_err *err);
int mf_check__pieces(struct mf_check *check, struct mf_err *err);
int mf_check__blocks(struct mf_check *check, struct mf_err *err);
int mf_check__places(struct mf_check *check, struct mf_err *err);
int mf_check__pages(struct mf_check *check, struct mf_err *err);
int mf_check__counters(struct mf_check *check, struct mf_err *err);

/* A row is of this flow, whose snapshot (its head's) is `len` bytes: tells
 * what does not agree. Pieces are known. */
int mf_check__snapshot(struct mf_check *check, uint64_t number,
                       const uint8_t *snapshot, size_t len, struct mf_err *err);

/* The place of (number, first), or NULL. */
struct mf_check_place *mf_check__find(const struct mf_check_places *places,
                                      uint64_t number, uint64_t first);
int mf_check__add(struct mf_check_places *places,
                  const struct mf_check_place *place, struct mf_err *err);

#endif

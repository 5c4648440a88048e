#include "store/recent.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/map.h"
#include "store/block.h"
#include "store/sql.h"

struct numbers {
    uint64_t *items;
    size_t count;
    size_t cap;
};

struct mf_recent {
    struct numbers heads;
    struct numbers pieces; /* of these flows */
    size_t ready;
    struct mf_map *growing; /* number to bytes, as a pointer: of pieces of
                               flows that are not ready */
};

static int add_number(struct numbers *numbers, uint64_t number)
{
    uint64_t *items = mf_array_grow(numbers->items, numbers->count,
                                    &numbers->cap, sizeof *items);
    if (!items)
        return MF_ENOMEM;
    numbers->items = items;
    items[numbers->count++] = number;
    return 0;
}

int mf_recent_add(struct mf_recent *recent, uint64_t number, size_t len)
{
    int rc = add_number(&recent->heads, number);
    if (!rc)
        recent->ready += len;
    return rc;
}

static size_t take_growing(struct mf_recent *recent, uint64_t number)
{
    return (size_t)(uintptr_t)mf_map_remove(recent->growing, &number,
                                            sizeof number);
}

int mf_recent_add_piece(struct mf_recent *recent, uint64_t number,
                        uint64_t first, size_t len)
{
    (void)first;
    const struct numbers *pieces = &recent->pieces;
    len += take_growing(recent, number);
    /* They come flow by flow. */
    bool is_there = pieces->count && pieces->items[pieces->count - 1] == number;
    int rc = is_there ? 0 : add_number(&recent->pieces, number);
    if (!rc)
        recent->ready += len;
    return rc;
}

int mf_recent_grow(struct mf_recent *recent, uint64_t number, size_t len)
{
    size_t all = len + (size_t)(uintptr_t)mf_map_get(recent->growing, &number,
                                                     sizeof number);
    if (all >= MF_FRAME_LEN)
        return mf_recent_add_piece(recent, number, 0, len);
    return mf_map_put(recent->growing, &number, sizeof number,
                      (void *)(uintptr_t)all);
}

void mf_recent_end(struct mf_recent *recent, uint64_t number)
{
    size_t len = take_growing(recent, number);
    if (len)
        (void)mf_recent_add_piece(recent, number, 0, len);
}

size_t mf_recent_ready(const struct mf_recent *recent)
{
    return recent->ready;
}

const uint64_t *mf_recent_heads(const struct mf_recent *recent,
                                size_t *ret_count)
{
    *ret_count = recent->heads.count;
    return recent->heads.items;
}

const uint64_t *mf_recent_pieces(const struct mf_recent *recent,
                                 size_t *ret_count)
{
    *ret_count = recent->pieces.count;
    return recent->pieces.items;
}

static void forget(struct numbers *numbers)
{
    free(numbers->items);
    *numbers = (struct numbers){0};
}

void mf_recent_packed(struct mf_recent *recent)
{
    /* What was a burst of them need not be kept. */
    forget(&recent->heads);
    forget(&recent->pieces);
    recent->ready = 0;
}

static int load(struct mf_recent *recent, sqlite3 *db, struct mf_err *err)
{
    static const char *const sql[] = {
        "SELECT number, length(snapshot) FROM recent WHERE NOT live"
        " ORDER BY number",
        "SELECT piece.number, sum(length(data)),"
        " (SELECT state FROM flow WHERE flow.number = piece.number)"
        " FROM piece WHERE frame = 0 GROUP BY piece.number"};
    sqlite3_stmt *stmts[2];
    int rc = mf_sql_prepare(db, sql, 2, stmts, err);
    while (!rc && (rc = mf_sql_step(stmts[0], err)) == 1)
        rc = mf_recent_add(recent, (uint64_t)sqlite3_column_int64(stmts[0], 0),
                           (size_t)sqlite3_column_int64(stmts[0], 1));
    while (!rc && (rc = mf_sql_step(stmts[1], err)) == 1) {
        uint64_t number = (uint64_t)sqlite3_column_int64(stmts[1], 0);
        size_t len = (size_t)sqlite3_column_int64(stmts[1], 1);
        bool is_live = sqlite3_column_int(stmts[1], 2) == 1;
        rc = is_live ? mf_recent_grow(recent, number, len)
                     : mf_recent_add_piece(recent, number, 0, len);
    }
    mf_sql_finalize(stmts, 2);
    return rc == MF_ENOMEM ? mf_err_set(err, rc, "out of memory") : rc;
}

int mf_recent_new(sqlite3 *db, struct mf_recent **ret_recent,
                  struct mf_err *err)
{
    struct mf_recent *recent = calloc(1, sizeof *recent);
    if (!recent || !(recent->growing = mf_map_new())) {
        free(recent);
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    int rc = load(recent, db, err);
    if (rc)
        mf_recent_free(recent);
    else
        *ret_recent = recent;
    return rc;
}

void mf_recent_free(struct mf_recent *recent)
{
    if (!recent)
        return;
    forget(&recent->heads);
    forget(&recent->pieces);
    mf_map_free(recent->growing);
    free(recent);
}

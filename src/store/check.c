#include "store/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "flow/text.h"
#include "store/beside.h"
#include "store/check_impl.h"
#include "store/schema.h"
#include "store/sql.h"

void mf_check__fault(struct mf_check *check, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    check->sum.faults++;
    check->on_fault(check->user, line);
}

/* ---- places ---- */

int mf_check__add(struct mf_check_places *places,
                  const struct mf_check_place *place, struct mf_err *err)
{
    struct mf_check_place *list =
        mf_array_grow(places->list, places->count, &places->cap, sizeof *list);
    if (!list)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    places->list = list;
    list[places->count++] = *place;
    return 0;
}

static int compare(const void *key, const void *item)
{
    const struct mf_check_place *a = key, *b = item;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

struct mf_check_place *mf_check__find(const struct mf_check_places *places,
                                      uint64_t number, uint64_t first)
{
    const struct mf_check_place key = {.number = number, .first = first};
    return places->count ? bsearch(&key, places->list, places->count,
                                   sizeof *places->list, compare)
                         : NULL;
}

/* ---- SQLite's own structure ---- */

static int check_structure(struct mf_check *check, struct mf_err *err)
{
    static const char *const sql[] = {"PRAGMA integrity_check(100)"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(check->db, sql, 1, &stmt, err);
    if (rc)
        return rc;
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        const char *line = (const char *)sqlite3_column_text(stmt, 0);
        if (!line || strcmp(line, "ok") == 0)
            continue;
        /* One row may be of several lines. */
        for (size_t len; *line; line += len + (line[len] == '\n')) {
            len = strcspn(line, "\n");
            mf_check__fault(check, "database: %.*s", (int)len, line);
        }
    }
    mf_sql_finalize(&stmt, 1);
    return rc;
}

/* ---- the row of counters ---- */

static int read_store(struct mf_check *check, struct mf_err *err)
{
    struct mf_check_store *store = &check->store;
    uint64_t signed_by = 0;
    uint64_t *const values[] = {
        &store->last_number,  &store->last_change,     &store->top_change,
        &store->last_frame,   &store->tombstone_floor, &store->flow_count,
        &store->pinned_count, &store->sealed_groups,   &store->paged,
        &store->resigned,     &store->resign_to,       &signed_by,
    };
    static const char *const sql[] = {
        "SELECT last_number, last_change, top_change, last_frame,"
        " tombstone_floor, flow_count, pinned_count, sealed_groups, paged,"
        " resigned, resign_to, signed_by FROM store"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(check->db, sql, 1, &stmt, err);
    if (rc)
        return rc;
    rc = mf_sql_step(stmt, err);
    for (size_t i = 0; rc == 1 && i < sizeof values / sizeof *values; i++)
        *values[i] = (uint64_t)sqlite3_column_int64(stmt, (int)i);
    if (rc == 0)
        mf_check__fault(check, "store: its row is missing");
    if (rc == 1 && signed_by != MF_FLOW_TEXT_VERSION) {
        store->resigned = 0; /* as the next server will have it */
        store->resign_to = store->last_frame;
    }
    mf_sql_finalize(&stmt, 1);
    return rc == 1 ? 0 : rc;
}

int mf_check__counters(struct mf_check *check, struct mf_err *err)
{
    static const struct {
        const char *sql;
        const char *what;
    } rules[] = {
        {"SELECT count(*) FROM tombstone, store"
         " WHERE tombstone.change > top_change",
         "tombstone: changes that no counter knows"},
        {"SELECT count(*) FROM tombstone, store"
         " WHERE tombstone.number > last_number",
         "tombstone: numbers that no counter knows"},
        {"SELECT count(*) FROM store WHERE last_change > top_change",
         "store: last_change is greater than top_change"},
        {"SELECT count(*) FROM stale, store WHERE number >= paged * 1024",
         "stale: numbers that no column page has"},
        {"SELECT count(*) FROM flow JOIN tombstone USING (number)",
         "tombstone: flows that are there"},
        {"SELECT count(*) FROM store WHERE resign_to > last_frame",
         "store: resign_to is greater than last_frame"},
        {"SELECT count(*) FROM descriptor, store"
         " WHERE descriptor.flow > last_number",
         "descriptor: numbers that no counter knows"},
        {"SELECT count(*) FROM block_dead"
         " WHERE frame NOT IN (SELECT frame FROM block)",
         "block_dead: blocks that are not there"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        int64_t count;
        int rc = mf_sql_get_int(check->db, rules[i].sql, &count, err);
        if (rc)
            return rc;
        if (count)
            mf_check__fault(check, "%s (%lld)", rules[i].what,
                            (long long)count);
    }
    return 0;
}

/* ---- all of it ---- */

static int load_names(struct mf_check *check, struct mf_err *err)
{
    check->names = mf_names_new();
    return check->names ? mf_names_load(check->names, check->db, err)
                        : mf_err_set(err, MF_ENOMEM, "out of memory");
}

static const struct part {
    const char *name;
    int (*run)(struct mf_check *check, struct mf_err *err);
} parts[] = {
    {"database", check_structure}, {"store", read_store},
    {"name", load_names},          {"flow", mf_check__rows},
    {"piece", mf_check__pieces},   {"recent", mf_check__recent},
    {"block", mf_check__blocks},   {"places", mf_check__places},
    {"pages", mf_check__pages},    {"counters", mf_check__counters},
};

/* What cannot be read is a fault, too, and no reason not to look at the
 * rest. */
static int run_parts(struct mf_check *check, struct mf_err *err)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct mf_err cause = {0};
        int rc = parts[i].run(check, &cause);
        if (rc == MF_ENOMEM || rc == MF_EBUSY)
            return mf_err_set(err, rc, "%s: %s", parts[i].name, cause.text);
        if (rc)
            mf_check__fault(check, "%s: %s", parts[i].name, cause.text);
    }
    return 0;
}

int mf_check(const char *dir, void (*on_fault)(void *user, const char *line),
             void *user, struct mf_check_sum *ret_sum, struct mf_err *err)
{
    struct mf_check check = {.on_fault = on_fault, .user = user};
    int rc = mf_store__open_beside(dir, mf_store__version, &check.db, err);
    if (!rc)
        rc = mf_sql_exec(check.db, "BEGIN", err);
    if (!rc)
        rc = run_parts(&check, err);
    mf_sql_finalize(&check.get_flow, 1);
    mf_names_free(check.names);
    free(check.heads.list);
    free(check.pieces.list);
    sqlite3_close(check.db);
    if (!rc)
        *ret_sum = check.sum;
    return rc;
}

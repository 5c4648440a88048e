/* A query by frames: those that may hold what its filter needs. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "store/query_impl.h"
#include "store/seal.h"

enum {
    THINK_EVERY = 32, /* frames */
    /* What things cost, about, in ns. */
    FRAME_NS = 150000,
    COLUMNS_NS = 40,
    FLOW_NS = 5000,
};

/* ---- one flow ---- */

/* The flow whose row MF_READ_ROW stands on. */
static int look_at_row(struct mf_query *query, struct mf_err *err)
{
    sqlite3_stmt *row = query->reader->stmts[MF_READ_ROW];
    struct mf_columns columns;
    bool is_match = false;
    if (mf_row_columns(row, &columns))
        return 0;
    if (mf_seen_set(&query->seen, columns.number))
        return mf_query__no_memory(err);
    int rc = mf_query__decide(query, &columns, row, &is_match, err);
    /* What a stream has given it cannot give before. */
    bool is_late =
        query->is_stream && query->given && columns.number > query->last.number;
    return rc || !is_match || is_late ? rc
                                      : mf_query__found(query, &columns, err);
}

static bool is_settled(const struct mf_query *query, uint64_t number)
{
    return number >= query->top || mf_seen_has(&query->seen, number);
}

/* A flow that frames do not tell all of. */
static int look_apart(struct mf_query *query, uint64_t number,
                      struct mf_err *err)
{
    bool may;
    if (is_settled(query, number))
        return 0;
    int rc = mf_reader__row(query->reader, number, err);
    if (rc != 1)
        return rc;
    rc = mf_sieve_row(query->sieve, query->reader,
                      query->reader->stmts[MF_READ_ROW], &may, err);
    if (!rc && may)
        rc = look_at_row(query, err);
    else if (!rc && mf_seen_set(&query->seen, number))
        rc = mf_query__no_memory(err);
    mf_reader__row_done(query->reader);
    return rc;
}

/* ---- one frame ---- */

/* Entry `slot` of frame `number`, if its flow says that it is there. */
static int look_at_entry(struct mf_query *query, uint64_t number, size_t slot,
                         const struct mf_block_entry *entry, struct mf_err *err)
{
    sqlite3_stmt *row = query->reader->stmts[MF_READ_ROW];
    if (is_settled(query, entry->number))
        return 0;
    int rc = mf_reader__row(query->reader, entry->number, err);
    if (rc != 1)
        return rc;
    rc = 0;
    if (entry->first != MF_BLOCK_HEAD ||
        (mf_reader__int(row, MF_ROW_FRAME) == number &&
         mf_reader__int(row, MF_ROW_SLOT) == slot))
        rc = look_at_row(query, err);
    mf_reader__row_done(query->reader);
    return rc;
}

static int look_at_frame(struct mf_query *query, uint64_t number,
                         struct mf_err *err)
{
    struct mf_frame *frame;
    query->search.frames_read++;
    for (size_t slot = 0;; slot++) {
        /* Looking at a flow may have put the frame out of the cache. */
        int rc = mf_reader__frame(query->reader, number, &frame, err);
        if (rc)
            return rc == MF_ENOENT || rc == MF_ECORRUPT ? 0 : rc;
        if (slot >= mf_frame_entry_count(frame))
            return 0;
        const struct mf_block_entry entry = *mf_frame_entry(frame, slot);
        if (entry.first == MF_BLOCK_HEAD &&
            !mf_sieve_entry(query->sieve, frame, slot))
            continue;
        rc = look_at_entry(query, number, slot, &entry, err);
        if (rc)
            return rc;
    }
}

/* ---- when to stop ---- */

/* What flows in frame `frame` and older ones have at most. */
static int ceiling_of(struct mf_query *query, uint64_t frame, uint64_t *ret,
                      struct mf_err *err)
{
    sqlite3_stmt *stmt = query->reader->stmts[MF_READ_BLOCK];
    mf_sql_bind_int(stmt, 1, frame);
    int rc = mf_sql_step(stmt, err);
    if (rc == 1)
        *ret = mf_reader__int(stmt, 2);
    else
        *ret = 0;
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

int mf_query__search_bound(struct mf_query *query, uint64_t *ret_bound,
                           struct mf_err *err)
{
    const struct mf_search *search = &query->search;
    if (search->phase < MF_SEARCH_MAIN) {
        *ret_bound = query->top;
        return 0;
    }
    return ceiling_of(query, search->next, ret_bound, err);
}

/* Whether no flow in frame `next` or older ones belongs into the page. */
static int check_enough(struct mf_query *query, uint64_t next,
                        struct mf_err *err)
{
    const struct mf_numbers *pending = &query->pending;
    uint64_t bound;
    if (!query->is_stream || pending->count < pending->max ||
        query->search.phase != MF_SEARCH_MAIN)
        return 0;
    int rc = ceiling_of(query, next, &bound, err);
    if (!rc && (!pending->count || pending->items[pending->count - 1] > bound))
        query->search.has_enough = true;
    return rc;
}

/* Columns may say no to nearly all that frames bring: then a scan of them is
 * quicker, and the sieve is asked about the rest. */
static void think_again(struct mf_query *query, uint64_t next, uint64_t first)
{
    struct mf_search *search = &query->search;
    if (search->phase != MF_SEARCH_MAIN || !search->judged ||
        search->frames_read % THINK_EVERY)
        return;
    double passed = (double)(search->newest - next) + 1;
    double left = next > first ? (double)(next - first) : 0;
    double by_frames = (double)search->frames_read / passed * left * FRAME_NS;
    double unsure = 1 - (double)search->judged_no / (double)search->judged;
    double by_columns = (double)query->reader->head.flow_count *
                        (COLUMNS_NS + unsure * FLOW_NS);
    if (2 * by_columns < by_frames)
        query->plan = MF_QUERY_SCAN;
}

/* After a frame: 1 to stop for now. */
static int pause_after(struct mf_query *query, uint64_t next, uint64_t first,
                       struct mf_err *err)
{
    if (mf_reader__is_cancelled(query->cancel))
        return mf_query__cancelled(err);
    int rc = check_enough(query, next, err);
    if (rc)
        return rc;
    think_again(query, next, first);
    return query->search.has_enough || query->plan == MF_QUERY_SCAN ||
           mf_query__is_late(query);
}

/* ---- many frames ---- */

/* Frames from *next down to `first`, none of them sealed. */
static int search_unsealed(struct mf_query *query, uint64_t *next,
                           uint64_t first, struct mf_err *err)
{
    sqlite3_stmt *stmt = query->reader->stmts[MF_READ_UNSEALED];
    int rc;
    mf_sql_bind_int(stmt, 1, first);
    mf_sql_bind_int(stmt, 2, *next);
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t frame = mf_reader__int(stmt, 0);
        struct mf_span signature = mf_row_span(stmt, 2);
        if (!mf_sieve_signature(query->sieve, (const uint8_t *)signature.text,
                                signature.len, sqlite3_column_int(stmt, 1)))
            continue;
        rc = look_at_frame(query, frame, err);
        *next = frame - 1;
        if (!rc)
            rc = pause_after(query, *next, first, err);
        if (rc)
            break;
    }
    sqlite3_reset(stmt);
    if (rc == 0)
        *next = first - 1;
    return rc;
}

/* Frames from *next down to `first` that are in the group of *next, which is
 * sealed. */
static int search_group(struct mf_query *query, uint64_t *next, uint64_t first,
                        struct mf_err *err)
{
    uint64_t group = mf_group_of(*next), start = group * MF_GROUP_FRAMES;
    struct mf_frame_set set;
    int rc = mf_sieve_group(query->sieve, query->reader, group, &set, err);
    if (rc)
        return rc;
    uint64_t last = start > first ? start : first;
    for (uint64_t frame = *next; frame >= last && frame; frame--) {
        unsigned at = mf_frame_in_group(frame);
        *next = frame - 1;
        if (!(set.bits[at / 64] >> at % 64 & 1))
            continue;
        rc = look_at_frame(query, frame, err);
        if (!rc)
            rc = pause_after(query, *next, first, err);
        if (rc)
            return rc;
    }
    *next = last ? last - 1 : 0;
    return mf_query__is_late(query);
}

/* Frames from *next down to `first`: 1 stopped on the way, 0 done. */
static int search_frames(struct mf_query *query, uint64_t *next, uint64_t first,
                         struct mf_err *err)
{
    uint64_t sealed = query->reader->head.sealed_groups * MF_GROUP_FRAMES;
    int rc = 0;
    first = first ? first : 1;
    while (!rc && *next >= first)
        rc = *next >= sealed
                 ? search_unsealed(query, next, first > sealed ? first : sealed,
                                   err)
                 : search_group(query, next, first, err);
    /* Stopped at the very end. */
    return rc == 1 && *next < first ? 0 : rc;
}

static int first_frame(struct mf_query *query, uint64_t *ret_frame,
                       struct mf_err *err)
{
    sqlite3_stmt *stmt = query->reader->stmts[MF_READ_FIRST_FRAME];
    int rc = mf_sql_step(stmt, err);
    *ret_frame = rc == 1 ? mf_reader__int(stmt, 0) : UINT64_MAX;
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

/* ---- flows apart ---- */

static int add_apart(struct mf_query *query, uint64_t number,
                     struct mf_err *err)
{
    struct mf_search *search = &query->search;
    if (is_settled(query, number))
        return 0;
    uint64_t *apart = mf_array_grow(search->apart, search->apart_count,
                                    &search->apart_cap, sizeof *apart);
    if (!apart)
        return mf_query__no_memory(err);
    search->apart = apart;
    apart[search->apart_count++] = number;
    return 0;
}

static int add_numbers(struct mf_query *query, sqlite3_stmt *stmt,
                       struct mf_err *err)
{
    int rc;
    while ((rc = mf_sql_step(stmt, err)) == 1)
        if ((rc = add_apart(query, mf_reader__int(stmt, 0), err)) != 0)
            break;
    sqlite3_reset(stmt);
    return rc;
}

/* Flows with messages in pieces: what they need may be in several frames. */
static int add_splits(struct mf_query *query, struct mf_err *err)
{
    sqlite3_stmt *stmt = query->reader->stmts[MF_READ_SPLIT];
    uint64_t below = query->top;
    int rc;
    for (;;) {
        mf_sql_bind_int(stmt, 1, below);
        rc = mf_sql_step(stmt, err);
        if (rc != 1)
            return rc;
        below = mf_reader__int(stmt, 0);
        sqlite3_reset(stmt);
        rc = add_apart(query, below, err);
        if (rc)
            return rc;
    }
}

/* Flows of a block that was made since the search began: those of them that
 * it is about were elsewhere then. A block that cannot be read has none. */
static int add_block(struct mf_query *query, struct mf_span block,
                     struct mf_err *err)
{
    struct mf_block_entry *entries;
    unsigned frames;
    size_t count;
    int rc = mf_block_entries((const uint8_t *)block.text, block.len, &frames,
                              &entries, &count, err);
    if (rc)
        return rc == MF_ECORRUPT ? 0 : rc;
    for (size_t i = 0; !rc && i < count; i++)
        rc = add_apart(query, entries[i].number, err);
    free(entries);
    return rc;
}

/* What is in none of them, and not in `recent`, has not moved. */
static int add_new_blocks(struct mf_query *query, struct mf_err *err)
{
    sqlite3_stmt *stmt = query->reader->stmts[MF_READ_NEW_BLOCKS];
    int rc;
    mf_sql_bind_int(stmt, 1, query->search.known);
    while ((rc = mf_sql_step(stmt, err)) == 1)
        if ((rc = add_block(query, mf_row_span(stmt, 0), err)) != 0)
            break;
    sqlite3_reset(stmt);
    if (!rc)
        query->search.known = query->reader->head.last_frame;
    return rc;
}

static int list_apart(struct mf_query *query, struct mf_err *err)
{
    sqlite3_stmt *noted = query->reader->stmts[MF_READ_NOTED];
    struct mf_search *search = &query->search;
    search->apart_count -= search->apart_at;
    if (search->apart_count)
        memmove(search->apart, search->apart + search->apart_at,
                search->apart_count * sizeof *search->apart);
    search->apart_at = 0;
    int rc = add_numbers(query, query->reader->stmts[MF_READ_RECENTS], err);
    if (rc)
        return rc;
    if (search->phase == MF_SEARCH_LIST_AGAIN)
        return add_new_blocks(query, err);
    rc = add_splits(query, err);
    if (rc)
        return rc;
    mf_sql_bind_int(noted, 1, query->top);
    return add_numbers(query, noted, err);
}

static int look_at_all_apart(struct mf_query *query, struct mf_err *err)
{
    struct mf_search *search = &query->search;
    enum { LOOK_EVERY = 8 };
    while (search->apart_at < search->apart_count) {
        int rc = look_apart(query, search->apart[search->apart_at++], err);
        if (!rc && mf_reader__is_cancelled(query->cancel))
            rc = mf_query__cancelled(err);
        if (rc)
            return rc;
        if (search->apart_at % LOOK_EVERY == 0 && mf_query__is_late(query))
            return search->apart_at < search->apart_count;
    }
    return 0;
}

/* ---- all ---- */

/* One phase: 1 stopped on the way, 0 it is done. */
static int run_phase(struct mf_query *query, struct mf_err *err)
{
    struct mf_search *search = &query->search;
    uint64_t first;
    int rc;
    switch (search->phase) {
    case MF_SEARCH_LIST_AGAIN:
    case MF_SEARCH_LIST:
        return list_apart(query, err);
    case MF_SEARCH_APART:
    case MF_SEARCH_APART_AGAIN:
        return look_at_all_apart(query, err);
    case MF_SEARCH_MAIN:
        rc = first_frame(query, &first, err);
        return rc ? rc : search_frames(query, &search->next, first, err);
    }
    return 0;
}

int mf_query__search(struct mf_query *query, struct mf_err *err)
{
    struct mf_search *search = &query->search;
    int rc;
    if (query->steps > 1 && search->phase > MF_SEARCH_LIST_AGAIN)
        search->phase = MF_SEARCH_LIST_AGAIN;
    while ((rc = run_phase(query, err)) == 0 && !search->has_enough) {
        if (search->phase == MF_SEARCH_MAIN)
            return 0;
        search->phase++;
    }
    return rc == 1 && search->has_enough ? 0 : rc;
}

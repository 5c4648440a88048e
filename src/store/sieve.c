#include "store/sieve.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/cursor.h"
#include "query/fold.h"
#include "store/seal.h"

enum {
    BUCKETS_MAX = 32,  /* of a needle */
    BUCKETS_KEPT = 12, /* of those, the rarest */
    BINARY_BUCKETS_MAX = 8,
    FRAMES_MAX = 4096, /* of one flow that are looked at */
    GROUP_WORDS = MF_GROUP_FRAMES / 64,
};

struct leaf {
    uint32_t buckets[BUCKETS_MAX];
    size_t count;
    bool is_ordered; /* by how rare they are in one group */
    /* Of binary bodies; none: any may hold the needle. */
    uint32_t binary_buckets[BINARY_BUCKETS_MAX];
    size_t binary_count;
};

/* The set of one sealed group, for the whole tree. */
struct known {
    uint64_t group;
    struct mf_frame_set set;
};

struct mf_sieve {
    const struct mf_needles *needles;
    struct leaf *leaves; /* in the order of the tree */
    size_t leaf_count;
    struct known last;           /* group UINT64_MAX: none */
    uint64_t frames[FRAMES_MAX]; /* of the flow that is asked about */
};

static size_t count_leaves(const struct mf_needles *needles)
{
    size_t count = needles->kind == MF_NEEDLES_TEXT;
    for (size_t i = 0; i < needles->count; i++)
        count += count_leaves(needles->items[i]);
    return count;
}

static void fill_leaves(struct mf_sieve *sieve,
                        const struct mf_needles *needles)
{
    if (needles->kind == MF_NEEDLES_TEXT) {
        struct leaf *leaf = &sieve->leaves[sieve->leaf_count++];
        leaf->count = mf_needle_buckets(needles->text, needles->len,
                                        leaf->buckets, BUCKETS_MAX);
        leaf->binary_count =
            mf_needle_binary_buckets(needles->text, needles->len,
                                     leaf->binary_buckets, BINARY_BUCKETS_MAX);
    }
    for (size_t i = 0; i < needles->count; i++)
        fill_leaves(sieve, needles->items[i]);
}

struct mf_sieve *mf_sieve_new(const struct mf_needles *needles)
{
    struct mf_sieve *sieve = calloc(1, sizeof *sieve);
    if (!sieve)
        return NULL;
    size_t count = count_leaves(needles);
    sieve->leaves = calloc(count ? count : 1, sizeof *sieve->leaves);
    if (!sieve->leaves) {
        free(sieve);
        return NULL;
    }
    sieve->needles = needles;
    sieve->last.group = UINT64_MAX;
    fill_leaves(sieve, needles);
    return sieve;
}

void mf_sieve_free(struct mf_sieve *sieve)
{
    if (!sieve)
        return;
    free(sieve->leaves);
    free(sieve);
}

/* ---- sets of frames ---- */

static bool is_empty(const struct mf_frame_set *set)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < GROUP_WORDS; i++)
        bits |= set->bits[i];
    return bits == 0;
}

static unsigned size_of(const struct mf_frame_set *set)
{
    unsigned size = 0;
    for (size_t i = 0; i < GROUP_WORDS; i++)
        size += (unsigned)mf_bits_count(set->bits[i]);
    return size;
}

static void join(struct mf_frame_set *set, const struct mf_frame_set *more)
{
    for (size_t i = 0; i < GROUP_WORDS; i++)
        set->bits[i] |= more->bits[i];
}

/* ---- a sealed group ---- */

struct group {
    struct mf_sieve *sieve;
    struct mf_reader *reader;
    uint64_t number;
    size_t leaf_at; /* the next leaf of the tree */
};

/* Stand on a part of the group: 1, or 0 if it is not there. */
static int open_part(const struct group *group, uint64_t part,
                     struct mf_span *ret_data, struct mf_err *err)
{
    sqlite3_stmt *stmt = group->reader->stmts[MF_READ_POSTING];
    sqlite3_reset(stmt);
    mf_sql_bind_int(stmt, 1, mf_posting_id(group->number, part));
    int rc = mf_sql_step(stmt, err);
    if (rc == 1)
        *ret_data = mf_row_span(stmt, 0);
    return rc;
}

static void close_part(const struct group *group)
{
    sqlite3_reset(group->reader->stmts[MF_READ_POSTING]);
}

/* A part that cannot be read excludes nothing. */
static void tell_damage(const struct group *group)
{
    struct mf_err why;
    mf_err_set(&why, MF_ECORRUPT, "postings of group %llu cannot be read",
               (unsigned long long)group->number);
    mf_reader__damaged(group->reader,
                       MF_DAMAGED_FLOW | MF_DAMAGED_PAGE | group->number, &why);
}

/* `set` becomes what is in `set` and has the bucket. */
static int narrow_by_bucket(const struct group *group, uint32_t bucket,
                            struct mf_frame_set *set, struct mf_err *err)
{
    struct mf_span data;
    int rc = open_part(group, mf_posting_part_of(bucket), &data, err);
    if (rc < 0)
        return rc;
    if (rc == 0 ||
        mf_posting_narrow((const uint8_t *)data.text, data.len, bucket, set))
        tell_damage(group);
    close_part(group);
    return 0;
}

/* Which sequences are rare depends on what is stored: one group tells. The
 * rarest are put first, and the others forgotten. */
static int order_leaf(const struct group *group, struct leaf *leaf,
                      struct mf_err *err)
{
    unsigned sizes[BUCKETS_MAX];
    for (size_t i = 0; i < leaf->count; i++) {
        struct mf_frame_set set;
        uint32_t bucket = leaf->buckets[i];
        memset(&set, 0xff, sizeof set);
        int rc = narrow_by_bucket(group, bucket, &set, err);
        if (rc)
            return rc;
        unsigned size = size_of(&set);
        size_t at = i;
        for (; at && sizes[at - 1] > size; at--) {
            sizes[at] = sizes[at - 1];
            leaf->buckets[at] = leaf->buckets[at - 1];
        }
        sizes[at] = size;
        leaf->buckets[at] = bucket;
    }
    if (leaf->count > BUCKETS_KEPT)
        leaf->count = BUCKETS_KEPT;
    leaf->is_ordered = true;
    return 0;
}

static int narrow_by_leaf(const struct group *group, struct leaf *leaf,
                          struct mf_frame_set *set, struct mf_err *err)
{
    int rc = leaf->is_ordered ? 0 : order_leaf(group, leaf, err);
    for (size_t i = 0; !rc && i < leaf->count && !is_empty(set); i++)
        rc = narrow_by_bucket(group, leaf->buckets[i], set, err);
    return rc;
}

static int read_binary(const struct group *group, struct mf_frame_set *ret_set,
                       struct mf_err *err)
{
    struct mf_span data;
    memset(ret_set, 0, sizeof *ret_set);
    int rc = open_part(group, MF_POSTING_BINARY_PART, &data, err);
    if (rc < 0)
        return rc;
    if (rc == 1 && data.len == sizeof ret_set->bits) {
        struct mf_cursor cursor = mf_cursor_make(data.text, data.len);
        for (size_t i = 0; i < GROUP_WORDS; i++)
            ret_set->bits[i] = mf_cursor_le64(&cursor);
    } else {
        memset(ret_set, 0xff, sizeof *ret_set);
        tell_damage(group);
    }
    close_part(group);
    return 0;
}

/* Which frames of `set` may have the needle in a binary body. */
static int narrow_binary(const struct group *group, const struct leaf *leaf,
                         struct mf_frame_set *set, struct mf_err *err)
{
    struct mf_frame_set all;
    int rc = read_binary(group, &all, err);
    for (size_t i = 0; i < GROUP_WORDS; i++)
        set->bits[i] &= all.bits[i];
    for (size_t i = 0; !rc && i < leaf->binary_count && !is_empty(set); i++)
        rc = narrow_by_bucket(group, leaf->binary_buckets[i], set, err);
    return rc;
}

/* `set` becomes what is in `set` and may hold what `needles` need. */
static int narrow(struct group *group, const struct mf_needles *needles,
                  struct mf_frame_set *set, struct mf_err *err)
{
    struct mf_frame_set some, all = {{0}};
    struct leaf *leaf;
    int rc = 0;
    switch (needles->kind) {
    case MF_NEEDLES_ANY:
        return 0;
    case MF_NEEDLES_TEXT:
        some = *set;
        leaf = &group->sieve->leaves[group->leaf_at++];
        rc = narrow_by_leaf(group, leaf, set, err);
        if (rc || !needles->or_binary)
            return rc;
        rc = narrow_binary(group, leaf, &some, err);
        join(set, &some);
        return rc;
    case MF_NEEDLES_ALL_OF:
        for (size_t i = 0; !rc && i < needles->count; i++)
            rc = narrow(group, needles->items[i], set, err);
        return rc;
    case MF_NEEDLES_ONE_OF:
        for (size_t i = 0; !rc && i < needles->count; i++) {
            some = *set;
            rc = narrow(group, needles->items[i], &some, err);
            join(&all, &some);
        }
        *set = all;
        return rc;
    }
    return 0;
}

int mf_sieve_group(struct mf_sieve *sieve, struct mf_reader *reader,
                   uint64_t group_number, struct mf_frame_set *ret_set,
                   struct mf_err *err)
{
    if (sieve->last.group != group_number) {
        struct group group = {
            .sieve = sieve, .reader = reader, .number = group_number};
        struct mf_frame_set set;
        memset(&set, 0xff, sizeof set);
        int rc = narrow(&group, sieve->needles, &set, err);
        if (rc)
            return rc;
        sieve->last = (struct known){.group = group_number, .set = set};
    }
    *ret_set = sieve->last.set;
    return 0;
}

/* ---- one signature ---- */

struct signature {
    const struct mf_sieve *sieve;
    const uint8_t *data;
    size_t len;
    bool has_binary;
    size_t leaf_at;
};

static bool signature_has(const uint8_t *data, size_t len,
                          const struct leaf *leaf, bool or_binary)
{
    return mf_signature_has(data, len, leaf->buckets, leaf->count) ||
           (or_binary && mf_signature_has(data, len, leaf->binary_buckets,
                                          leaf->binary_count));
}

static bool may_hold(struct signature *signature,
                     const struct mf_needles *needles)
{
    const struct leaf *leaf;
    bool may;
    switch (needles->kind) {
    case MF_NEEDLES_ANY:
        return true;
    case MF_NEEDLES_TEXT:
        leaf = &signature->sieve->leaves[signature->leaf_at++];
        return signature_has(signature->data, signature->len, leaf,
                             needles->or_binary && signature->has_binary);
    case MF_NEEDLES_ALL_OF:
        /* All are asked, so that leaf_at fits. */
        may = true;
        for (size_t i = 0; i < needles->count; i++)
            may &= may_hold(signature, needles->items[i]);
        return may;
    case MF_NEEDLES_ONE_OF:
        may = false;
        for (size_t i = 0; i < needles->count; i++)
            may |= may_hold(signature, needles->items[i]);
        return may;
    }
    return true;
}

bool mf_sieve_signature(const struct mf_sieve *sieve, const uint8_t *signature,
                        size_t len, bool has_binary)
{
    struct signature question = {.sieve = sieve,
                                 .data = signature,
                                 .len = len,
                                 .has_binary = has_binary};
    return may_hold(&question, sieve->needles);
}

/* ---- one entry ---- */

static bool entry_may(struct mf_frame *frame, size_t slot,
                      const struct mf_needles *needles)
{
    bool is_all = needles->kind == MF_NEEDLES_ALL_OF;
    if (needles->kind == MF_NEEDLES_ANY)
        return true;
    if (needles->kind == MF_NEEDLES_TEXT)
        return !mf_frame_lacks(frame, slot, needles->text, needles->len,
                               needles->or_binary);
    for (size_t i = 0; i < needles->count; i++)
        if (entry_may(frame, slot, needles->items[i]) != is_all)
            return !is_all;
    return is_all;
}

bool mf_sieve_entry(const struct mf_sieve *sieve, struct mf_frame *frame,
                    size_t slot)
{
    return entry_may(frame, slot, sieve->needles);
}

/* ---- one flow ---- */

/* A flow's frames, its note, and the leaf that is asked. */
struct flow {
    struct mf_sieve *sieve;
    struct mf_reader *reader;
    uint64_t *frames;
    size_t frame_count;
    struct mf_span note;
    size_t leaf_at;
};

static int sealed_frame_has(const struct flow *flow, uint64_t frame,
                            struct leaf *leaf, bool or_binary, bool *ret_has,
                            struct mf_err *err)
{
    const struct group group = {.sieve = flow->sieve,
                                .reader = flow->reader,
                                .number = mf_group_of(frame)};
    struct mf_frame_set set = {{0}}, binary;
    unsigned at = mf_frame_in_group(frame);
    set.bits[at / 64] = UINT64_C(1) << at % 64;
    binary = set;
    int rc = narrow_by_leaf(&group, leaf, &set, err);
    if (!rc && is_empty(&set) && or_binary) {
        rc = narrow_binary(&group, leaf, &binary, err);
        set = binary;
    }
    *ret_has = !is_empty(&set);
    return rc;
}

static int unsealed_frame_has(const struct flow *flow, uint64_t frame,
                              const struct leaf *leaf, bool or_binary,
                              bool *ret_has, struct mf_err *err)
{
    sqlite3_stmt *stmt = flow->reader->stmts[MF_READ_UNSEALED_ONE];
    mf_sql_bind_int(stmt, 1, frame);
    int rc = mf_sql_step(stmt, err);
    if (rc < 0)
        return rc;
    *ret_has = true;
    if (rc == 1) {
        struct mf_span data = mf_row_span(stmt, 1);
        *ret_has = signature_has((const uint8_t *)data.text, data.len, leaf,
                                 or_binary && sqlite3_column_int(stmt, 0) != 0);
        sqlite3_reset(stmt);
    }
    return 0;
}

static int leaf_may(struct flow *flow, const struct mf_needles *needles,
                    bool *ret_may, struct mf_err *err)
{
    struct leaf *leaf = &flow->sieve->leaves[flow->leaf_at++];
    int rc = 0;
    *ret_may = flow->note.len && mf_fold_find(flow->note.text, flow->note.len,
                                              needles->text, needles->len);
    for (size_t i = 0; !rc && !*ret_may && i < flow->frame_count; i++) {
        uint64_t frame = flow->frames[i];
        rc = mf_group_of(frame) < flow->reader->head.sealed_groups
                 ? sealed_frame_has(flow, frame, leaf, needles->or_binary,
                                    ret_may, err)
                 : unsealed_frame_has(flow, frame, leaf, needles->or_binary,
                                      ret_may, err);
    }
    return rc;
}

static int flow_may(struct flow *flow, const struct mf_needles *needles,
                    bool *ret_may, struct mf_err *err)
{
    bool is_all = needles->kind == MF_NEEDLES_ALL_OF, may = true;
    int rc = 0;
    *ret_may = true;
    if (needles->kind == MF_NEEDLES_ANY)
        return 0;
    if (needles->kind == MF_NEEDLES_TEXT)
        return leaf_may(flow, needles, ret_may, err);
    *ret_may = is_all;
    for (size_t i = 0; !rc && i < needles->count; i++) {
        rc = flow_may(flow, needles->items[i], &may, err);
        *ret_may = is_all ? *ret_may && may : *ret_may || may;
    }
    return rc;
}

/* Adds the frames of a flow's pieces; *ret_is_open: some of it is in none,
 * or they are too many to ask. */
static int add_piece_frames(struct flow *flow, uint64_t number,
                            bool *ret_is_open, struct mf_err *err)
{
    sqlite3_stmt *stmt = flow->reader->stmts[MF_READ_PIECES];
    int rc;
    mf_sql_bind_int(stmt, 1, number);
    mf_sql_bind_int(stmt, 2, 0);
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        uint64_t frame = mf_reader__int(stmt, 2);
        if (!frame || flow->frame_count == FRAMES_MAX) {
            *ret_is_open = true;
            rc = 0;
            break;
        }
        if (flow->frames[flow->frame_count - 1] != frame)
            flow->frames[flow->frame_count++] = frame;
    }
    sqlite3_reset(stmt);
    return rc;
}

int mf_sieve_row(struct mf_sieve *sieve, struct mf_reader *reader,
                 sqlite3_stmt *row, bool *ret_may, struct mf_err *err)
{
    uint64_t frame = mf_reader__int(row, MF_ROW_FRAME);
    struct flow flow = {
        .sieve = sieve, .reader = reader, .frames = sieve->frames};
    bool is_open = frame == 0;
    int rc = 0;
    flow.frames[flow.frame_count++] = frame;
    flow.note = mf_row_span(row, MF_ROW_NOTE);
    if (!is_open && mf_reader__int(row, MF_ROW_MESSAGES))
        rc = add_piece_frames(&flow, mf_reader__int(row, MF_ROW_NUMBER),
                              &is_open, err);
    *ret_may = true;
    if (rc || is_open)
        return rc;
    struct mf_frame_set set;
    unsigned at = mf_frame_in_group(frame);
    if (flow.frame_count > 1 || flow.note.len ||
        mf_group_of(frame) >= reader->head.sealed_groups)
        return flow_may(&flow, sieve->needles, ret_may, err);
    rc = mf_sieve_group(sieve, reader, mf_group_of(frame), &set, err);
    *ret_may = set.bits[at / 64] >> at % 64 & 1;
    return rc;
}

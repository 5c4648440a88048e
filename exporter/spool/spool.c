#include "exporter/spool/spool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "exporter/spool/block.h"
#include "exporter/spool/folder.h"
#include "exporter/spool/segment.h"

enum {
    /* A file takes no more from this length on; with a small maximum, from an
     * eighth of it on, so that giving one up loses no more than that. */
    SEGMENT_LEN = 8 << 20,
    SEGMENTS_MIN = 8,
    /* A file that cannot be read so often is damaged. */
    FAILURES_MAX = 5,
};

static const char damaged[] = "a file of the spool is damaged";
static const char full[] = "the spool is full";

/* What mf_spool_next() gives next. */
struct cursor {
    uint32_t
        serial; /* of the segment, or of the first after it that is there */
    uint32_t index;
    struct mf_spool_walk walk;
};

struct mf_spool {
    struct mf_spool_folder folder;
    struct mf_spool_opts opts;
    struct mf_spool_segment **segments; /* oldest first */
    size_t segment_count;
    size_t segment_cap;
    struct mf_spool_segment *active; /* the last of them, or NULL */
    uint32_t last_serial;
    uint64_t last_stamp;
    struct mf_spool_gather gather; /* records of `active` */
    struct mf_spool_block block;   /* records of the cursor's segment */
    struct cursor cursor;
    uint64_t bytes;
    uint64_t records;
    uint64_t given; /* of them */
};

static void begin_walk(struct cursor *cursor)
{
    cursor->walk.at = MF_SPOOL_HEAD_LEN;
    cursor->walk.buf_len = 0;
}

/* ---- segments ---- */

/* The place of the first segment of that serial or later. */
static size_t find_place(const struct mf_spool *spool, uint32_t serial)
{
    size_t low = 0, high = spool->segment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (spool->segments[middle]->serial < serial)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct mf_spool_segment *find(const struct mf_spool *spool,
                                     uint32_t serial)
{
    size_t place = find_place(spool, serial);
    if (place == spool->segment_count ||
        spool->segments[place]->serial != serial)
        return NULL;
    return spool->segments[place];
}

static int add_segment(struct mf_spool *spool, uint64_t stamp,
                       struct mf_spool_segment **ret_segment)
{
    struct mf_spool_segment **segments =
        mf_array_grow(spool->segments, spool->segment_count,
                      &spool->segment_cap, sizeof *segments);
    if (!segments)
        return MF_ENOMEM;
    spool->segments = segments;
    struct mf_spool_segment *segment =
        mf_spool__segment_new(spool->last_serial + 1, stamp);
    if (!segment)
        return MF_ENOMEM;
    spool->last_serial++;
    spool->last_stamp = stamp;
    spool->segments[spool->segment_count++] = segment;
    *ret_segment = segment;
    return 0;
}

static void remove_file(struct mf_spool *spool,
                        struct mf_spool_segment *segment)
{
    spool->bytes -= segment->len;
    mf_spool__segment_remove(segment, &spool->folder);
}

static void drop_segment(struct mf_spool *spool,
                         struct mf_spool_segment *segment)
{
    size_t place = find_place(spool, segment->serial);
    remove_file(spool, segment);
    if (segment == spool->active)
        spool->active = NULL;
    spool->segment_count--;
    memmove(spool->segments + place, spool->segments + place + 1,
            (spool->segment_count - place) * sizeof(struct mf_spool_segment *));
    mf_spool__segment_free(segment);
}

/* No more is added to it. Power cuts spare what was written before. */
static void seal_active(struct mf_spool *spool)
{
    struct mf_spool_segment *active = spool->active;
    if (active->fd >= 0)
        fsync(active->fd);
    if (active->serial != spool->cursor.serial)
        mf_spool__segment_close(active);
    spool->active = NULL;
}

static uint64_t segment_max(const struct mf_spool *spool)
{
    uint64_t max = spool->opts.max_bytes / SEGMENTS_MIN;
    return max < SEGMENT_LEN ? max : SEGMENT_LEN;
}

/* ---- records ---- */

static bool was_given(const struct mf_spool *spool, uint32_t serial,
                      uint32_t index)
{
    return serial < spool->cursor.serial ||
           (serial == spool->cursor.serial && index < spool->cursor.index);
}

/* The record is of no more use; its segment and what was gathered may be. */
static bool settle(struct mf_spool *spool, struct mf_spool_segment *segment,
                   uint32_t index)
{
    struct mf_spool_gather *gather = &spool->gather;
    if (!mf_spool__segment_ack(segment, index))
        return false;
    spool->records--;
    spool->given -= was_given(spool, segment->serial, index);
    if (segment == spool->active && gather->count && index >= gather->first &&
        --gather->live == 0)
        mf_spool__gather_clear(gather);
    return true;
}

/* Count the records from `from` to `to` that are still wanted as lost. The
 * segment is gone afterwards if it has no others. */
static void lose(struct mf_spool *spool, struct mf_spool_segment *segment,
                 uint32_t from, uint32_t to, const char *reason)
{
    uint64_t count = 0;
    int64_t from_ns = segment->from_ns, to_ns = segment->to_ns;
    for (uint32_t i = from; i < to; i++)
        count += settle(spool, segment, i);
    if (segment->live == 0)
        drop_segment(spool, segment);
    if (count)
        spool->opts.on_loss(spool->opts.user, count, from_ns, to_ns, reason);
}

/* ---- giving up ---- */

/* The segment's file goes. What was given of it may still be acknowledged: it
 * is lost when the cursor goes back. */
static void give_up(struct mf_spool *spool, struct mf_spool_segment *segment,
                    const char *reason)
{
    struct cursor *cursor = &spool->cursor;
    uint32_t end = segment->count, given = 0;
    if (segment == spool->active && spool->gather.count)
        end = spool->gather.first;
    if (segment->serial < cursor->serial)
        given = end;
    else if (segment->serial == cursor->serial)
        given = cursor->index < end ? cursor->index : end;
    remove_file(spool, segment);
    segment->gone = end;
    segment->gone_reason = reason;
    if (segment->serial == cursor->serial)
        begin_walk(cursor);
    lose(spool, segment, given, end, reason);
}

bool mf_spool_give_up_oldest(struct mf_spool *spool, const char *reason)
{
    for (size_t i = 0; i < spool->segment_count; i++) {
        if (spool->segments[i]->len == 0)
            continue;
        give_up(spool, spool->segments[i], reason);
        return true;
    }
    return false;
}

uint64_t mf_spool_give_up_gathered(struct mf_spool *spool, const char *reason)
{
    struct mf_spool_segment *active = spool->active;
    uint64_t before = spool->records;
    if (active && spool->gather.count)
        lose(spool, active, spool->gather.first, active->count, reason);
    return before - spool->records;
}

/* Until `len` more bytes are within the maximum. */
static void make_room(struct mf_spool *spool, uint64_t len)
{
    while (spool->bytes + len > spool->opts.max_bytes &&
           mf_spool_give_up_oldest(spool, full))
        ;
}

/* What was given of files that are gone will not be acknowledged. */
static void lose_gone(struct mf_spool *spool)
{
    for (size_t i = spool->segment_count; i-- > 0;) {
        struct mf_spool_segment *segment = spool->segments[i];
        lose(spool, segment, 0, segment->gone, segment->gone_reason);
    }
}

void mf_spool_set_max(struct mf_spool *spool, uint64_t max_bytes)
{
    spool->opts.max_bytes = max_bytes;
    make_room(spool, 0);
}

/* ---- opening ---- */

/* A file that cannot be read now stays for the next that opens the folder. */
static int load_one(struct mf_spool *spool, uint64_t stamp)
{
    struct mf_spool_segment *segment;
    uint32_t torn = 0;
    int rc = add_segment(spool, stamp, &segment);
    if (rc)
        return rc;
    rc = mf_spool__segment_load(segment, &spool->folder, &torn);
    if (rc == MF_ECORRUPT)
        torn = 1; /* at least */
    spool->bytes += segment->len;
    if (!rc) {
        spool->records += segment->live;
    } else {
        if (rc != MF_ECORRUPT && rc != MF_ENOENT) {
            spool->bytes -= segment->len;
            segment->len = 0; /* the file is kept */
        } else if (segment->len == 0) {
            mf_spool__folder_remove(&spool->folder, stamp);
        }
        drop_segment(spool, segment);
    }
    if (torn)
        spool->opts.on_loss(spool->opts.user, torn, (int64_t)stamp,
                            (int64_t)stamp, damaged);
    return rc == MF_ENOMEM ? rc : 0;
}

static int adopt(struct mf_spool *spool, struct mf_err *err)
{
    uint64_t *stamps;
    size_t count;
    int rc = mf_spool__folder_adopt(&spool->folder, &stamps, &count, err);
    for (size_t i = 0; !rc && i < count; i++)
        rc = load_one(spool, stamps[i]);
    free(stamps);
    return rc == MF_ENOMEM ? mf_err_set(err, rc, "out of memory") : rc;
}

int mf_spool_open(const struct mf_spool_opts *opts, struct mf_spool **ret_spool,
                  struct mf_err *err)
{
    struct mf_spool *spool = calloc(1, sizeof *spool);
    if (!spool)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    spool->opts = *opts;
    spool->opts.dir = NULL; /* the caller's */
    mf_spool__gather_init(&spool->gather);
    mf_spool__block_init(&spool->block);
    int rc = mf_spool__folder_open(&spool->folder, opts->dir, err);
    if (rc) {
        free(spool);
        return rc;
    }
    rc = adopt(spool, err);
    if (rc) {
        mf_spool_close(spool);
        return rc;
    }
    make_room(spool, 0);
    mf_spool_rewind(spool);
    *ret_spool = spool;
    return 0;
}

void mf_spool_close(struct mf_spool *spool)
{
    if (!spool)
        return;
    mf_spool_flush(spool, NULL);
    struct mf_spool_segment *active = spool->active;
    if (active && spool->gather.count)
        lose(spool, active, spool->gather.first, active->count,
             "the spool could not be written");
    lose_gone(spool);
    if (spool->active)
        seal_active(spool);
    for (size_t i = 0; i < spool->segment_count; i++)
        mf_spool__segment_free(spool->segments[i]);
    free(spool->segments);
    mf_spool__gather_release(&spool->gather);
    mf_spool__block_release(&spool->block);
    mf_spool__folder_close(&spool->folder);
    free(spool);
}

/* ---- writing ---- */

static int make_active(struct mf_spool *spool)
{
    uint64_t now = (uint64_t)mf_clock_wall_ns();
    uint64_t stamp = now > spool->last_stamp ? now : spool->last_stamp + 1;
    int rc = add_segment(spool, stamp, &spool->active);
    if (!rc)
        spool->active->salt = mf_spool__random();
    return rc;
}

/* Write what was gathered, if anything was. */
static int write_gathered(struct mf_spool *spool, struct mf_err *err)
{
    struct mf_spool_gather *gather = &spool->gather;
    if (gather->count == 0)
        return 0;
    mf_spool__gather_end(gather, spool->active);
    make_room(spool, gather->out.len + MF_SPOOL_HEAD_LEN);
    struct mf_spool_segment *active = spool->active;
    uint64_t before = active->len;
    int rc = mf_spool__segment_append(active, &spool->folder, gather->out.data,
                                      gather->out.len, err);
    spool->bytes += active->len - before;
    if (rc)
        return rc;
    mf_spool__gather_clear(gather);
    if (active->len >= segment_max(spool) ||
        active->count == MF_SPOOL_RECORDS_MAX)
        seal_active(spool);
    return 0;
}

static int add_gathered(struct mf_spool *spool, const struct mf_label *label,
                        const struct mf_spliced *message, size_t len)
{
    struct mf_spool_gather *gather = &spool->gather;
    struct mf_spool_segment *active = spool->active;
    if (gather->count == 0)
        gather->first = active->count;
    int rc = mf_spool__gather_add(gather, label, message, len);
    if (rc == MF_ECORRUPT)
        lose(spool, active, gather->first, active->count, "memory is out");
    if (rc)
        return rc;
    mf_spool__segment_add(active, label->at_ns);
    spool->records++;
    return 0;
}

int mf_spool_add(struct mf_spool *spool, const struct mf_label *label,
                 const struct mf_spliced *message,
                 mf_spool_position *ret_position)
{
    size_t len = mf_spliced_len(message);
    if (len > MF_SPOOL_RECORD_MAX || len > spool->opts.max_bytes)
        return MF_EFULL;
    if (spool->gather.is_ended && write_gathered(spool, NULL) != 0)
        return MF_EFULL;
    if (spool->active && spool->active->count == MF_SPOOL_RECORDS_MAX)
        seal_active(spool);
    int rc = spool->active ? 0 : make_active(spool);
    if (!rc)
        rc = mf_spool__segment_reserve(spool->active);
    if (!rc)
        rc = add_gathered(spool, label, message, len);
    if (rc)
        return rc == MF_ECORRUPT ? MF_ENOMEM : rc;
    struct mf_spool_segment *active = spool->active;
    *ret_position = (uint64_t)active->serial << 32 | (active->count - 1);
    /* What fails is told by mf_spool_flush(). */
    if (spool->gather.raw_len >= MF_SPOOL_GATHER_LEN ||
        active->count == MF_SPOOL_RECORDS_MAX)
        write_gathered(spool, NULL);
    return 0;
}

/* What cannot be noted is tried again next time; at worst a process that
 * follows sends it again. */
static void note_acked(struct mf_spool *spool)
{
    for (size_t i = 0; i < spool->segment_count; i++) {
        struct mf_spool_segment *segment = spool->segments[i];
        if (segment->dirty_from == segment->dirty_to || segment->len == 0)
            continue;
        uint64_t before = segment->len;
        mf_spool__segment_note(segment, &spool->folder, NULL);
        spool->bytes += segment->len - before;
        if (segment != spool->active && segment->serial != spool->cursor.serial)
            mf_spool__segment_close(segment);
    }
}

int mf_spool_flush(struct mf_spool *spool, struct mf_err *err)
{
    int rc = write_gathered(spool, err);
    note_acked(spool);
    return rc;
}

size_t mf_spool_gathered(const struct mf_spool *spool)
{
    return spool->gather.count ? spool->gather.raw_len : 0;
}

/* ---- acknowledgement ---- */

void mf_spool_ack(struct mf_spool *spool, mf_spool_position position)
{
    uint32_t index = (uint32_t)position;
    struct mf_spool_segment *segment = find(spool, (uint32_t)(position >> 32));
    if (!segment || index >= segment->count)
        return;
    settle(spool, segment, index);
    if (segment->live == 0)
        drop_segment(spool, segment);
}

/* ---- reading ---- */

void mf_spool_rewind(struct mf_spool *spool)
{
    struct mf_spool_segment *segment = find(spool, spool->cursor.serial);
    if (segment && segment != spool->active)
        mf_spool__segment_close(segment);
    mf_spool__block_clear(&spool->block);
    lose_gone(spool);
    spool->cursor.serial = 0;
    spool->cursor.index = 0;
    spool->given = 0;
}

/* The segment that the cursor is in, or the next; NULL: none. */
static struct mf_spool_segment *reach_segment(struct mf_spool *spool)
{
    struct cursor *cursor = &spool->cursor;
    size_t place = find_place(spool, cursor->serial);
    if (place == spool->segment_count)
        return NULL;
    struct mf_spool_segment *segment = spool->segments[place];
    if (segment->serial != cursor->serial) {
        cursor->serial = segment->serial;
        cursor->index = 0;
        begin_walk(cursor);
    }
    return segment;
}

static bool is_wanted(const struct mf_spool_segment *segment, uint32_t from,
                      uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        if (!mf_spool__segment_is_acked(segment, i))
            return true;
    return false;
}

/* Go on at record `index`; those before it that were not given are in no
 * block. False: the segment is gone with them. */
static bool skip_to(struct mf_spool *spool, struct mf_spool_segment *segment,
                    uint32_t index)
{
    uint32_t serial = segment->serial, from = spool->cursor.index;
    if (from >= index)
        return true;
    lose(spool, segment, from, index, damaged);
    spool->cursor.index = index;
    return find(spool, serial) != NULL;
}

/* Load the block of `entry` unless nothing in it is wanted. */
static int load_block(struct mf_spool *spool, struct mf_spool_segment *segment,
                      const struct mf_spool_entry *entry)
{
    uint32_t end = entry->first + entry->count;
    if (end <= spool->cursor.index || end > segment->count)
        return 0;
    if (!skip_to(spool, segment, entry->first))
        return 0;
    if (is_wanted(segment, spool->cursor.index, end)) {
        int rc = mf_spool__block_load(&spool->block, segment, entry);
        if (rc == 0)
            segment->failures = 0;
        if (rc == 0 || rc == MF_ENOMEM)
            return rc;
        if (rc == MF_EIO && ++segment->failures < FAILURES_MAX)
            return MF_EBUSY;
    }
    skip_to(spool, segment, end);
    return 0;
}

/* The next block in the segment's file, past what is none. MF_ENOENT: there is
 * none. */
static int load_from_file(struct mf_spool *spool,
                          struct mf_spool_segment *segment)
{
    struct mf_spool_entry entry;
    struct mf_spool_walk *walk = &spool->cursor.walk;
    if (walk->at >= segment->len)
        return MF_ENOENT;
    int rc = mf_spool__segment_open(segment, &spool->folder);
    if (rc == MF_EBUSY)
        return rc;
    uint64_t before = walk->at;
    if (!rc)
        rc = mf_spool__segment_walk(segment, walk, &entry);
    if (rc == MF_EIO && ++segment->failures < FAILURES_MAX)
        return MF_EBUSY;
    if (rc) {
        walk->at = segment->len;
        return MF_ENOENT;
    }
    if (entry.kind != MF_SPOOL_BLOCK)
        return 0;
    rc = load_block(spool, segment, &entry);
    if (rc)
        walk->at = before;
    return rc;
}

/* What was gathered is written, so that it is in the file; if that fails, it
 * is read from memory. MF_ENOENT: there is nothing. */
static int load_gathered(struct mf_spool *spool,
                         struct mf_spool_segment *segment)
{
    struct mf_spool_gather *gather = &spool->gather;
    uint32_t end = gather->count ? gather->first : segment->count;
    if (!skip_to(spool, segment, end))
        return 0;
    if (gather->count == 0 ||
        gather->first + gather->count <= spool->cursor.index)
        return MF_ENOENT;
    if (write_gathered(spool, NULL) == 0)
        return 0;
    return mf_spool__block_load_gathered(&spool->block, gather);
}

/* Come nearer to a block with the next record. MF_ENOENT: there is none. */
static int advance(struct mf_spool *spool)
{
    struct mf_spool_segment *segment = reach_segment(spool);
    if (!segment)
        return MF_ENOENT;
    int rc = load_from_file(spool, segment);
    if (rc != MF_ENOENT)
        return rc;
    if (segment == spool->active)
        return load_gathered(spool, segment);
    uint32_t serial = segment->serial;
    if (skip_to(spool, segment, segment->count))
        mf_spool__segment_close(segment);
    spool->cursor.serial = serial + 1;
    spool->cursor.index = 0;
    begin_walk(&spool->cursor);
    return 0;
}

int mf_spool_next(struct mf_spool *spool, struct mf_spool_item *ret_item)
{
    for (;;) {
        struct cursor *cursor = &spool->cursor;
        uint32_t index;
        struct mf_spool_segment *segment = find(spool, cursor->serial);
        while (segment &&
               mf_spool__block_next(&spool->block, &index, ret_item)) {
            if (index < cursor->index)
                continue;
            cursor->index = index + 1;
            if (mf_spool__segment_is_acked(segment, index))
                continue;
            spool->given++;
            ret_item->position = (uint64_t)segment->serial << 32 | index;
            return 0;
        }
        mf_spool__block_clear(&spool->block);
        int rc = advance(spool);
        if (rc)
            return rc;
    }
}

void mf_spool_remember(struct mf_spool *spool, uint64_t number)
{
    if (number != mf_spool_remembered(spool))
        mf_spool__folder_remember(&spool->folder, number);
}

uint64_t mf_spool_remembered(const struct mf_spool *spool)
{
    return mf_spool__folder_remembered(&spool->folder);
}

void mf_spool_get_stats(const struct mf_spool *spool,
                        struct mf_spool_stats *ret_stats)
{
    *ret_stats = (struct mf_spool_stats){
        .bytes = spool->bytes,
        .records = spool->records,
        .unread = spool->records - spool->given,
    };
}

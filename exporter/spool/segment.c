#include "exporter/spool/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bits.h"
#include "exporter/spool/block.h"
#include "exporter/spool/bytes.h"

static const uint8_t head_magic[8] = {'M', 'F', 'S', 'P', 'O', 'O', 'L', '1'};

enum {
    WORD_BITS = 64,
    WORD_LEN = 8,
    FIRST_WORDS = 16,
    WORDS_MAX = MF_SPOOL_RECORDS_MAX / WORD_BITS,
    HEADER_CRC_AT = MF_SPOOL_ENTRY_LEN - 4,
    HEAD_CRC_AT = 16,
};

/* What an entry's header begins with. */
#define ENTRY_MAGIC UINT32_C(0xf15e9ead)

struct mf_spool_segment *mf_spool__segment_new(uint32_t serial, uint64_t stamp)
{
    struct mf_spool_segment *segment = calloc(1, sizeof *segment);
    if (!segment)
        return NULL;
    segment->serial = serial;
    segment->stamp = stamp;
    segment->fd = -1;
    segment->from_ns = INT64_MAX;
    segment->to_ns = INT64_MIN;
    return segment;
}

void mf_spool__segment_free(struct mf_spool_segment *segment)
{
    if (!segment)
        return;
    mf_spool__segment_close(segment);
    free(segment->acked);
    free(segment);
}

/* ---- records ---- */

static int grow_acked(struct mf_spool_segment *segment, uint32_t words)
{
    if (words <= segment->acked_words)
        return 0;
    uint32_t more = segment->acked_words ? segment->acked_words : FIRST_WORDS;
    while (more < words)
        more *= 2;
    uint64_t *acked = realloc(segment->acked, more * sizeof *acked);
    if (!acked)
        return MF_ENOMEM;
    memset(acked + segment->acked_words, 0,
           (more - segment->acked_words) * sizeof *acked);
    segment->acked = acked;
    segment->acked_words = more;
    return 0;
}

static void widen_times(struct mf_spool_segment *segment, int64_t from_ns,
                        int64_t to_ns)
{
    if (from_ns < segment->from_ns)
        segment->from_ns = from_ns;
    if (to_ns > segment->to_ns)
        segment->to_ns = to_ns;
}

int mf_spool__segment_reserve(struct mf_spool_segment *segment)
{
    return grow_acked(segment, segment->count / WORD_BITS + 1);
}

void mf_spool__segment_add(struct mf_spool_segment *segment, int64_t at_ns)
{
    segment->count++;
    segment->live++;
    widen_times(segment, at_ns, at_ns);
}

bool mf_spool__segment_is_acked(const struct mf_spool_segment *segment,
                                uint32_t index)
{
    return segment->acked[index / WORD_BITS] >> index % WORD_BITS & 1;
}

bool mf_spool__segment_ack(struct mf_spool_segment *segment, uint32_t index)
{
    uint32_t word = index / WORD_BITS;
    if (mf_spool__segment_is_acked(segment, index))
        return false;
    segment->acked[word] |= UINT64_C(1) << index % WORD_BITS;
    segment->live--;
    if (segment->dirty_from == segment->dirty_to) {
        segment->dirty_from = word;
        segment->dirty_to = word + 1;
    } else if (word < segment->dirty_from) {
        segment->dirty_from = word;
    } else if (word >= segment->dirty_to) {
        segment->dirty_to = word + 1;
    }
    return true;
}

/* ---- bytes ---- */

uint32_t mf_spool__segment_crc(const struct mf_spool_segment *segment,
                               uint32_t crc, const uint8_t *data, size_t len)
{
    if (data)
        return (uint32_t)crc32_z(crc, data, len);
    uint8_t salt[8];
    mf_spool__put64(salt, segment->salt);
    return (uint32_t)crc32_z(0, salt, sizeof salt);
}

static uint32_t crc_of(const struct mf_spool_segment *segment,
                       const uint8_t *data, size_t len)
{
    return mf_spool__segment_crc(
        segment, mf_spool__segment_crc(segment, 0, NULL, 0), data, len);
}

void mf_spool__segment_put_header(const struct mf_spool_segment *segment,
                                  const struct mf_spool_entry *entry,
                                  uint8_t *data)
{
    mf_spool__put32(data, ENTRY_MAGIC);
    mf_spool__put32(data + 4, (uint32_t)entry->kind);
    mf_spool__put32(data + 8, entry->stored_len);
    mf_spool__put32(data + 12, entry->raw_len);
    mf_spool__put32(data + 16, entry->first);
    mf_spool__put32(data + 20, entry->count);
    mf_spool__put64(data + 24, (uint64_t)entry->from_ns);
    mf_spool__put64(data + 32, (uint64_t)entry->to_ns);
    mf_spool__put32(data + 40, crc_of(segment, data + MF_SPOOL_ENTRY_LEN,
                                      entry->stored_len));
    mf_spool__put32(data + HEADER_CRC_AT, crc_of(segment, data, HEADER_CRC_AT));
}

/* Whether what a header says can be. */
static bool is_sound(const struct mf_spool_entry *entry)
{
    if (entry->count == 0)
        return false;
    switch ((unsigned)entry->kind) {
    case MF_SPOOL_BLOCK:
        return entry->first <= MF_SPOOL_RECORDS_MAX &&
               entry->count <= MF_SPOOL_RECORDS_MAX - entry->first &&
               entry->raw_len <= MF_SPOOL_RAW_MAX &&
               entry->stored_len <= MF_SPOOL_RAW_MAX &&
               entry->count <= entry->raw_len / MF_SPOOL_RECORD_HEAD_LEN;
    case MF_SPOOL_NOTE:
        return entry->first <= WORDS_MAX &&
               entry->count <= WORDS_MAX - entry->first &&
               entry->stored_len == entry->count * WORD_LEN;
    default:
        return false;
    }
}

/* Read a header of `segment`'s that lies at `at`; false: it is none. */
static bool read_header(const struct mf_spool_segment *segment,
                        const uint8_t *data, uint64_t at,
                        struct mf_spool_entry *ret_entry)
{
    if (mf_spool__get32(data) != ENTRY_MAGIC ||
        mf_spool__get32(data + HEADER_CRC_AT) !=
            crc_of(segment, data, HEADER_CRC_AT))
        return false;
    *ret_entry = (struct mf_spool_entry){
        .kind = (enum mf_spool_entry_kind)mf_spool__get32(data + 4),
        .at = at + MF_SPOOL_ENTRY_LEN,
        .stored_len = mf_spool__get32(data + 8),
        .raw_len = mf_spool__get32(data + 12),
        .first = mf_spool__get32(data + 16),
        .count = mf_spool__get32(data + 20),
        .from_ns = (int64_t)mf_spool__get64(data + 24),
        .to_ns = (int64_t)mf_spool__get64(data + 32),
        .crc = mf_spool__get32(data + 40),
    };
    return is_sound(ret_entry);
}

/* ---- the file ---- */

int mf_spool__segment_open(struct mf_spool_segment *segment,
                           const struct mf_spool_folder *folder)
{
    if (segment->fd >= 0)
        return 0;
    segment->fd = mf_spool__folder_reopen(folder, segment->stamp);
    if (segment->fd >= 0)
        return 0;
    switch (errno) {
    case ENOENT:
        return MF_ENOENT;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EINTR:
        return MF_EBUSY;
    default:
        return MF_EIO;
    }
}

void mf_spool__segment_close(struct mf_spool_segment *segment)
{
    if (segment->fd >= 0)
        close(segment->fd);
    segment->fd = -1;
}

void mf_spool__segment_remove(struct mf_spool_segment *segment,
                              const struct mf_spool_folder *folder)
{
    mf_spool__segment_close(segment);
    if (segment->len)
        mf_spool__folder_remove(folder, segment->stamp);
    segment->len = 0;
}

int mf_spool__segment_read(const struct mf_spool_segment *segment, uint64_t at,
                           uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t got = pread(segment->fd, data, len, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return MF_EIO;
        data += got;
        at += (uint64_t)got;
        len -= (size_t)got;
    }
    return 0;
}

/* 0, or errno. */
static int write_all(int fd, const uint8_t *data, size_t len, uint64_t at)
{
    while (len > 0) {
        ssize_t put = pwrite(fd, data, len, (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? errno : ENOSPC;
        data += put;
        at += (uint64_t)put;
        len -= (size_t)put;
    }
    return 0;
}

static int tell_failure(int error, struct mf_err *err)
{
    bool is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return mf_err_set(err, is_full ? MF_EFULL : MF_EIO,
                      "a file of the spool cannot be written: %s",
                      strerror(error));
}

/* The head and then the first entry. */
static int make_file(struct mf_spool_segment *segment,
                     const struct mf_spool_folder *folder, struct mf_err *err)
{
    uint8_t head[MF_SPOOL_HEAD_LEN] = {0};
    int fd = mf_spool__folder_create(folder, segment->stamp);
    if (fd < 0)
        return tell_failure(errno, err);
    memcpy(head, head_magic, sizeof head_magic);
    mf_spool__put64(head + 8, segment->salt);
    mf_spool__put32(head + HEAD_CRC_AT,
                    (uint32_t)crc32_z(0, head, HEAD_CRC_AT));
    int error = write_all(fd, head, sizeof head, 0);
    if (error) {
        close(fd);
        mf_spool__folder_remove(folder, segment->stamp);
        return tell_failure(error, err);
    }
    segment->fd = fd;
    segment->len = sizeof head;
    return 0;
}

/* Should this fail too: whoever reads the file knows a torn entry, and the next
 * is written over it. */
static bool cut_file(const struct mf_spool_segment *segment)
{
    return ftruncate(segment->fd, (off_t)segment->len) == 0;
}

int mf_spool__segment_append(struct mf_spool_segment *segment,
                             const struct mf_spool_folder *folder,
                             const uint8_t *data, size_t len,
                             struct mf_err *err)
{
    bool is_new = segment->len == 0;
    int rc = is_new ? make_file(segment, folder, err)
                    : mf_spool__segment_open(segment, folder);
    if (rc)
        return is_new ? rc
                      : mf_err_set(err, MF_EIO,
                                   "a file of the spool cannot be opened");
    int error = write_all(segment->fd, data, len, segment->len);
    if (!error) {
        segment->len += len;
        return 0;
    }
    if (is_new)
        mf_spool__segment_remove(segment, folder);
    else
        cut_file(segment);
    return tell_failure(error, err);
}

int mf_spool__segment_note(struct mf_spool_segment *segment,
                           const struct mf_spool_folder *folder,
                           struct mf_err *err)
{
    uint32_t count = segment->dirty_to - segment->dirty_from;
    if (count == 0 || segment->len == 0)
        return 0;
    size_t len = count * (size_t)WORD_LEN;
    uint8_t *data = malloc(MF_SPOOL_ENTRY_LEN + len);
    if (!data)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    for (uint32_t i = 0; i < count; i++)
        mf_spool__put64(data + MF_SPOOL_ENTRY_LEN + i * (size_t)WORD_LEN,
                        segment->acked[segment->dirty_from + i]);
    const struct mf_spool_entry entry = {
        .kind = MF_SPOOL_NOTE,
        .stored_len = (uint32_t)len,
        .raw_len = (uint32_t)len,
        .first = segment->dirty_from,
        .count = count,
    };
    mf_spool__segment_put_header(segment, &entry, data);
    int rc = mf_spool__segment_append(segment, folder, data,
                                      MF_SPOOL_ENTRY_LEN + len, err);
    free(data);
    if (!rc)
        segment->dirty_from = segment->dirty_to = 0;
    return rc;
}

/* ---- walking ---- */

/* The `len` bytes at `at`, which the file has. NULL: they cannot be read. */
static const uint8_t *look(const struct mf_spool_segment *segment,
                           struct mf_spool_walk *walk, uint64_t at, size_t len)
{
    if (at < walk->buf_at || at + len > walk->buf_at + walk->buf_len) {
        uint64_t left = segment->len - at;
        size_t wanted =
            left < sizeof walk->buf ? (size_t)left : sizeof walk->buf;
        walk->buf_len = 0;
        if (mf_spool__segment_read(segment, at, walk->buf, wanted))
            return NULL;
        walk->buf_at = at;
        walk->buf_len = wanted;
    }
    return walk->buf + (at - walk->buf_at);
}

int mf_spool__segment_walk(const struct mf_spool_segment *segment,
                           struct mf_spool_walk *walk,
                           struct mf_spool_entry *ret_entry)
{
    struct mf_spool_entry entry;
    bool is_torn = false;
    for (uint64_t at = walk->at; at + MF_SPOOL_ENTRY_LEN <= segment->len;
         at++) {
        const uint8_t *data = look(segment, walk, at, MF_SPOOL_ENTRY_LEN);
        if (!data)
            return MF_EIO;
        if (!read_header(segment, data, at, &entry))
            continue;
        if (entry.stored_len > segment->len - entry.at) {
            /* Others may lie in what it says to be its payload. */
            if (!is_torn)
                *ret_entry = entry;
            is_torn = true;
            continue;
        }
        *ret_entry = entry;
        walk->at = entry.at + entry.stored_len;
        return 0;
    }
    return is_torn ? MF_ETRUNC : MF_ENOENT;
}

/* ---- adoption ---- */

static int read_head(struct mf_spool_segment *segment)
{
    uint8_t head[MF_SPOOL_HEAD_LEN];
    off_t len = lseek(segment->fd, 0, SEEK_END);
    if (len < 0)
        return MF_EIO;
    segment->len = (uint64_t)len;
    if (segment->len < sizeof head)
        return MF_ENOENT; /* its owner died when it made it */
    int rc = mf_spool__segment_read(segment, 0, head, sizeof head);
    if (rc)
        return rc;
    if (memcmp(head, head_magic, sizeof head_magic) != 0 ||
        mf_spool__get32(head + HEAD_CRC_AT) !=
            (uint32_t)crc32_z(0, head, HEAD_CRC_AT))
        return MF_ECORRUPT;
    segment->salt = mf_spool__get64(head + 8);
    return 0;
}

/* A note that is damaged tells nothing: records are sent twice at worst. */
static int load_note(struct mf_spool_segment *segment,
                     const struct mf_spool_entry *entry)
{
    uint8_t *data = malloc(entry->stored_len);
    int rc =
        data ? grow_acked(segment, entry->first + entry->count) : MF_ENOMEM;
    if (!rc)
        rc =
            mf_spool__segment_read(segment, entry->at, data, entry->stored_len);
    if (!rc && crc_of(segment, data, entry->stored_len) == entry->crc)
        for (uint32_t i = 0; i < entry->count; i++)
            segment->acked[entry->first + i] |=
                mf_spool__get64(data + i * (size_t)WORD_LEN);
    free(data);
    return rc == MF_EIO ? 0 : rc;
}

/* Records that a block tells of, and those before it that none has. */
static int load_block(struct mf_spool_segment *segment,
                      const struct mf_spool_entry *entry)
{
    uint32_t end = entry->first + entry->count;
    int rc = grow_acked(segment, (end + WORD_BITS - 1) / WORD_BITS);
    if (rc)
        return rc;
    if (end > segment->count)
        segment->count = end;
    widen_times(segment, entry->from_ns, entry->to_ns);
    return 0;
}

static uint32_t count_live(const struct mf_spool_segment *segment)
{
    uint32_t acked = 0, words = segment->count / WORD_BITS;
    for (uint32_t i = 0; i < words; i++)
        acked += mf_bits_count(segment->acked[i]);
    for (uint32_t i = words * WORD_BITS; i < segment->count; i++)
        acked += mf_spool__segment_is_acked(segment, i);
    return segment->count - acked;
}

/* What is after the last whole entry is cut off, so that what is appended is
 * found. */
static int cut_tail(struct mf_spool_segment *segment, uint64_t end)
{
    if (end == segment->len)
        return 0;
    segment->len = end;
    return cut_file(segment) ? 0 : MF_EIO;
}

static int load_entries(struct mf_spool_segment *segment, uint32_t *ret_torn)
{
    struct mf_spool_walk *walk = calloc(1, sizeof *walk);
    struct mf_spool_entry entry;
    int rc = walk ? 0 : MF_ENOMEM;
    if (walk)
        walk->at = MF_SPOOL_HEAD_LEN;
    while (!rc && (rc = mf_spool__segment_walk(segment, walk, &entry)) == 0)
        rc = entry.kind == MF_SPOOL_NOTE ? load_note(segment, &entry)
                                         : load_block(segment, &entry);
    bool is_torn = rc == MF_ETRUNC && entry.kind == MF_SPOOL_BLOCK;
    if (is_torn)
        *ret_torn = entry.count;
    else if (rc == MF_ENOENT && segment->len >= walk->at + MF_SPOOL_ENTRY_LEN)
        *ret_torn = 1; /* at least: something stood there */
    if (rc == MF_ENOENT || rc == MF_ETRUNC)
        rc = cut_tail(segment, walk->at);
    free(walk);
    return rc;
}

int mf_spool__segment_load(struct mf_spool_segment *segment,
                           const struct mf_spool_folder *folder,
                           uint32_t *ret_torn)
{
    *ret_torn = 0;
    int rc = mf_spool__segment_open(segment, folder);
    if (!rc)
        rc = read_head(segment);
    if (!rc)
        rc = load_entries(segment, ret_torn);
    mf_spool__segment_close(segment);
    if (rc)
        return rc;
    segment->live = count_live(segment);
    return segment->live ? 0 : MF_ENOENT;
}

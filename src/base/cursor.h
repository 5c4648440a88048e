/*
 * mf_cursor: reads untrusted bytes, bounded, with a sticky error.
 *
 * After the first failure every read yields zero or NULL and `error` stays
 * set, so that a parser may check once at its end.
 */
#ifndef MF_BASE_CURSOR_H
#define MF_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mf_cursor {
    const uint8_t *at;
    const uint8_t *end;
    int error; /* 0, MF_ETRUNC or MF_ECORRUPT */
};

/* Borrow `len` bytes; the cursor is valid for as long as they are. */
struct mf_cursor mf_cursor_make(const void *data, size_t len);

static inline size_t mf_cursor_left(const struct mf_cursor *cursor)
{
    return cursor->error ? 0 : (size_t)(cursor->end - cursor->at);
}

static inline bool mf_cursor_done(const struct mf_cursor *cursor)
{
    return mf_cursor_left(cursor) == 0;
}

/* Record `error` unless one is recorded already. */
static inline void mf_cursor_fail(struct mf_cursor *cursor, int error)
{
    if (!cursor->error)
        cursor->error = error;
}

/* Borrow the next `len` bytes and step over them; NULL on failure. Here, as
 * the next ones are: parsers call them for every few bytes. */
static inline const uint8_t *mf_cursor_bytes(struct mf_cursor *cursor,
                                             uint64_t len)
{
    if (cursor->error)
        return NULL;
    if (len > (uint64_t)(cursor->end - cursor->at)) {
        cursor->error = MF_ETRUNC;
        return NULL;
    }
    const uint8_t *bytes = cursor->at;
    cursor->at += len;
    return bytes;
}

static inline uint8_t mf_cursor_u8(struct mf_cursor *cursor)
{
    const uint8_t *b = mf_cursor_bytes(cursor, 1);
    return b ? b[0] : 0;
}

static inline uint16_t mf_cursor_be16(struct mf_cursor *cursor)
{
    const uint8_t *b = mf_cursor_bytes(cursor, 2);
    return b ? (uint16_t)(b[0] << 8 | b[1]) : 0;
}

static inline uint32_t mf_cursor_be32(struct mf_cursor *cursor)
{
    const uint8_t *b = mf_cursor_bytes(cursor, 4);
    return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
                   (uint32_t)b[2] << 8 | b[3]
             : 0;
}

uint32_t mf_cursor_le32(struct mf_cursor *cursor);
uint64_t mf_cursor_le64(struct mf_cursor *cursor);

/* Base-128 varint of at most ten bytes (protobuf encoding guide). */
uint64_t mf_cursor_varint(struct mf_cursor *cursor);

#endif

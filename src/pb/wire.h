/*
 * Protobuf wire format, by hand: for the few fields that a hot path needs,
 * without unpacking the rest (protobuf encoding guide).
 *
 * Reading borrows from the message; writing appends to a capped buffer.
 */
#ifndef MF_PB_WIRE_H
#define MF_PB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/span.h"

enum mf_wire_type {
    MF_WIRE_VARINT = 0,
    MF_WIRE_FIXED64 = 1,
    MF_WIRE_LEN = 2,
    MF_WIRE_FIXED32 = 5,
};

struct mf_wire_field {
    uint32_t number;
    enum mf_wire_type type;
    uint64_t value;      /* varint and fixed types */
    const uint8_t *data; /* MF_WIRE_LEN: `len` bytes inside the message */
    size_t len;
};

/*
 * Step to the next field. False at the end and on malformed input; then
 * cursor->error tells which (groups are malformed).
 */
bool mf_wire_next(struct mf_cursor *cursor, struct mf_wire_field *ret_field);

/*
 * The same for a message whose byte strings may lie elsewhere: up to the
 * length of a MF_WIRE_LEN field, without its bytes (data is NULL).
 */
bool mf_wire_next_head(struct mf_cursor *cursor,
                       struct mf_wire_field *ret_field);

/* A double field's value. */
double mf_wire_double(const struct mf_wire_field *field);

/* google.protobuf.Timestamp to ns since the epoch; 0 if absent or absurd. */
int64_t mf_wire_timestamp_ns(const uint8_t *data, size_t len);

/*
 * The last occurrence of length-delimited field `number`; false when it is
 * not there or the message is malformed.
 */
bool mf_wire_find(const uint8_t *data, size_t len, uint32_t number,
                  struct mf_wire_field *ret_field);

/*
 * Writers append one field; 0, MF_EFULL or MF_ENOMEM. Like proto3, those
 * named `_opt` leave out zero, false and empty.
 */
int mf_wire_put_varint(struct mf_buf *buf, uint32_t number, uint64_t value);
int mf_wire_put_varint_opt(struct mf_buf *buf, uint32_t number, uint64_t value);
int mf_wire_put_double_opt(struct mf_buf *buf, uint32_t number, double value);
int mf_wire_put_bytes(struct mf_buf *buf, uint32_t number, const void *data,
                      size_t len);
int mf_wire_put_bytes_opt(struct mf_buf *buf, uint32_t number, const void *data,
                          size_t len);
/* Any bytes as a string field: what is not UTF-8 is replaced. */
int mf_wire_put_text_opt(struct mf_buf *buf, uint32_t number,
                         struct mf_span text);
int mf_wire_put_timestamp_opt(struct mf_buf *buf, uint32_t number, int64_t ns);
/* The field as it was read. */
int mf_wire_put_field(struct mf_buf *buf, const struct mf_wire_field *field);

/*
 * Nested message: everything appended between begin and end is its body.
 * *ret_mark must reach the matching end unchanged.
 */
int mf_wire_begin(struct mf_buf *buf, uint32_t number, size_t *ret_mark);
int mf_wire_end(struct mf_buf *buf, size_t mark);

/* Bytes that `value` takes as a varint (1 to 10). */
size_t mf_wire_varint_len(uint64_t value);

/* Write `value` at `at` (ten bytes of room); returns the bytes written. */
size_t mf_wire_encode_varint(uint8_t *at, uint64_t value);

#endif

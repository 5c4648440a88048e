/*
 * mf_pb_reader: protobuf records one by one, for bytes that may be cut or
 * wrong: it tells what is there up to where it breaks. Unlike pb/wire.h it
 * knows groups.
 */
#ifndef MF_DECODE_PROTOBUF_READER_H
#define MF_DECODE_PROTOBUF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum mf_pb_wire {
    MF_PB_VARINT,
    MF_PB_FIXED64,
    MF_PB_LEN,
    MF_PB_GROUP, /* begins; its fields follow */
    MF_PB_GROUP_END,
    MF_PB_FIXED32,
};

struct mf_pb_reader {
    const uint8_t *at, *end;
};

struct mf_pb_record {
    const uint8_t *start; /* of its tag */
    uint32_t number;
    enum mf_pb_wire wire;
    uint64_t value;      /* varint and fixed types */
    const uint8_t *data; /* MF_PB_LEN: what is there of it */
    size_t len;
    uint64_t missing; /* MF_PB_LEN: bytes past the end of the message */
};

/* Over `len` borrowed bytes; `data` may be NULL if there are none. */
struct mf_pb_reader mf_pb_reader_make(const uint8_t *data, size_t len);

/*
 * The next record. False at the end, and where it breaks: then *ret_why says
 * how ("the field number is 0"), else it is NULL, and the reader stays before
 * the record. After a record with something missing the reader is at its end.
 */
bool mf_pb_next(struct mf_pb_reader *reader, struct mf_pb_record *ret_record,
                const char **ret_why);

/* A varint of at most ten bytes; 0 bytes read: there is none. */
size_t mf_pb_varint(const uint8_t *at, const uint8_t *end, uint64_t *ret_value);

#endif

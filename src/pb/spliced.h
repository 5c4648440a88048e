/*
 * mf_spliced: a message whose long byte strings may lie elsewhere, as an
 * mf_encoder leaves it: `bytes` with each splice's data put in at its place,
 * all lengths counting it. A message in one run has no splices.
 *
 * mf_region reads its fields, a region of it at a time, untrusted and bounded.
 */
#ifndef MF_PB_SPLICED_H
#define MF_PB_SPLICED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pb/encoder.h"
#include "pb/wire.h"

struct mf_spliced {
    const uint8_t *bytes;
    size_t len; /* of `bytes` alone */
    const struct mf_splice *splices;
    size_t splice_count;
};

/* What an encoder holds, as a message; borrowed. */
struct mf_spliced mf_spliced_of(const struct mf_encoder *enc);

/* The length of the message. */
size_t mf_spliced_len(const struct mf_spliced *message);

/* Append the message in one run. 0, MF_EFULL or MF_ENOMEM. */
int mf_spliced_flatten(const struct mf_spliced *message, struct mf_buf *out);

/* A message or the body of a nested one. */
struct mf_region {
    const struct mf_spliced *message;
    size_t at, end;            /* in message->bytes */
    size_t splice, splice_end; /* in message->splices */
    int error;                 /* 0 or MF_ECORRUPT; sticky */
};

struct mf_region_field {
    uint32_t number;
    enum mf_wire_type type;
    uint64_t value;        /* varint and fixed types */
    struct mf_region body; /* MF_WIRE_LEN */
};

struct mf_region mf_region_of(const struct mf_spliced *message);

/* Step to the next field; false at the end and on malformed input, which
 * region->error tells. */
bool mf_region_next(struct mf_region *region,
                    struct mf_region_field *ret_field);

/* Append the bytes of a region in one run. 0, MF_EFULL or MF_ENOMEM. */
int mf_region_flatten(const struct mf_region *region, struct mf_buf *out);

/* Append a field as it was read, or the bytes of a region; what is spliced
 * stays so if its splice has an object, and is copied otherwise. Errors are
 * the encoder's. */
void mf_region_put(struct mf_encoder *out, const struct mf_region_field *field);
void mf_region_put_bytes(struct mf_encoder *out,
                         const struct mf_region *region);

#endif

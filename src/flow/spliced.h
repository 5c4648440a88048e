/*
 * Reads the fields of a message whose long byte strings lie elsewhere (struct
 * mf_spliced): a region of it at a time, untrusted and bounded.
 */
#ifndef MF_FLOW_SPLICED_H
#define MF_FLOW_SPLICED_H

#include <stdbool.h>

#include "flow/merge.h"
#include "pb/wire.h"

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

/* Append the field as it was read; what is spliced stays so if its splice has
 * an object, and is copied otherwise. Errors are the encoder's. */
void mf_region_put(struct mf_encoder *out, const struct mf_region_field *field);

#endif

/*
 * What signatures and postings share: how many buckets there are. The first
 * are for sequences of three bytes, the others for those of four.
 *
 * Databases hold buckets: other figures here are another schema version.
 */
#ifndef MF_STORE_SIGNATURE_IMPL_H
#define MF_STORE_SIGNATURE_IMPL_H

#include <endian.h>

#include "base/cursor.h"

#ifndef MF_GRAM3_BITS
#define MF_GRAM3_BITS 15
#endif
#ifndef MF_GRAM4_BITS
#define MF_GRAM4_BITS 16
#endif

enum {
    MF_GRAM3_BUCKETS = 1 << MF_GRAM3_BITS,
    MF_GRAM4_BUCKETS = 1 << MF_GRAM4_BITS,
    MF_BUCKETS = MF_GRAM3_BUCKETS + MF_GRAM4_BUCKETS,
    MF_BUCKET_WORDS = MF_BUCKETS / 64,
};

/* Fill `words` (MF_BUCKET_WORDS of them) from an encoded signature. False:
 * it is not one, and `words` are anything. */
bool mf_signature__decode(const uint8_t *signature, size_t len,
                          uint64_t *words);

#endif

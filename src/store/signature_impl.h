/*
 * What signatures and postings share: the buckets, by kinds of sequences.
 *
 * A letter here is an ASCII letter or a byte of a character that is not
 * ASCII. Words are told apart by sequences of letters, and longer ones say
 * much more; of numbers, ids and punctuation shorter sequences do. Kept
 * apart, the many random ones of the second kind do not fill the buckets of
 * the first. The sizes are from measurements (bench/store/blocks.c).
 *
 * Databases hold buckets: other figures here are another schema version.
 */
#ifndef MF_STORE_SIGNATURE_IMPL_H
#define MF_STORE_SIGNATURE_IMPL_H

#include <endian.h>

#include "base/cursor.h"

enum {
    MF_LETTERS_3_BITS = 15,
    MF_LETTERS_4_BITS = 13,
    MF_LETTERS_5_BITS = 15,
    MF_OTHERS_3_BITS = 13,
    MF_OTHERS_4_BITS = 14,

    /* The first bucket of each. */
    MF_LETTERS_3 = 0,
    MF_LETTERS_4 = MF_LETTERS_3 + (1 << MF_LETTERS_3_BITS),
    MF_LETTERS_5 = MF_LETTERS_4 + (1 << MF_LETTERS_4_BITS),
    MF_OTHERS_3 = MF_LETTERS_5 + (1 << MF_LETTERS_5_BITS),
    MF_OTHERS_4 = MF_OTHERS_3 + (1 << MF_OTHERS_3_BITS),
    MF_BUCKETS = MF_OTHERS_4 + (1 << MF_OTHERS_4_BITS),

    MF_BUCKET_WORDS = MF_BUCKETS / 64,
};

/* Fill `words` (MF_BUCKET_WORDS of them) from an encoded signature. False:
 * it is not one, and `words` are anything. */
bool mf_signature__decode(const uint8_t *signature, size_t len,
                          uint64_t *words);

#endif

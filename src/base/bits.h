/* Counting bits, without an instruction that older processors lack, and
 * finding them. */
#ifndef MF_BASE_BITS_H
#define MF_BASE_BITS_H

#include <stdint.h>

static inline unsigned mf_bits_count(uint64_t word)
{
    word -= word >> 1 & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) +
           (word >> 2 & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(word * UINT64_C(0x0101010101010101) >> 56);
}

/* The place of the lowest bit of `word`, which is not 0. */
static inline unsigned mf_bits_first(uint64_t word)
{
    return (unsigned)__builtin_ctzll(word);
}

#endif

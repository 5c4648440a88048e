/*
 * Words, numbers and ids for made-up flows: the same for the same seed.
 *
 * Words have ranks; the frequency of one falls with its rank, as in a
 * language (Zipf), so that a bench finds words of every rarity.
 */
#ifndef MF_BENCH_WORDS_H
#define MF_BENCH_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum {
    WORD_RANKS = 20000, /* of running text */
    WORD_CAP = 20,
    NAME_RANKS = 100000, /* of names, which are in flows one each */
    NAME_LEN = 10,
    UUID_LEN = 36,
    TOKEN_LEN = 24,
};

/* A good hash of a number (splitmix64's finish). */
uint64_t mix64(uint64_t value);

/* A sequence of random numbers; any `state` will do to begin with. */
uint64_t random_next(uint64_t *state);
uint32_t random_below(uint64_t *state, uint32_t end);

/* 0 to end - 1; rank r comes with a probability like 1 / (r + 1). */
uint32_t rank_of(uint64_t random, uint32_t end);

/* Lower case; how long it is. */
size_t word_put(char *at, uint32_t rank);
/* NAME_LEN letters. */
void name_put(char *at, uint32_t rank);

/* A version 4 uuid, UUID_LEN characters. */
void uuid_put(char *at, uint64_t a, uint64_t b);
/* TOKEN_LEN letters and digits. */
void token_put(char *at, uint64_t a, uint64_t b);
void digits_put(char *at, size_t len, uint64_t value);

#endif

#include "store/signature.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "store/signature_impl.h"

/* The first byte of an encoded signature: what follows. */
enum {
    FORM_LIST = 0, /* varints: from one bucket to the next */
    FORM_BITS = 1, /* a bit for each bucket */
};

/* A byte for each bucket, 1 or 0: to set one is a single store, which is
 * faster than to change a bit. One more is for what is no bucket. */
struct mf_signature {
    uint8_t has[MF_BUCKETS + 1];
};

struct mf_signature *mf_signature_new(void)
{
    return calloc(1, sizeof(struct mf_signature));
}

void mf_signature_free(struct mf_signature *signature)
{
    free(signature);
}

void mf_signature_clear(struct mf_signature *signature)
{
    memset(signature, 0, sizeof *signature);
}

/* What is known of a text up to a place. */
struct tail {
    uint32_t bytes;   /* the last four; the last is the lowest */
    uint32_t letters; /* five bits of each of the last six bytes, too */
    uint32_t run;     /* of letters up to here */
};

static inline void step(struct tail *tail, uint8_t byte)
{
    bool is_letter = (uint8_t)(byte - 'a') < 26 || byte >= 0x80;
    tail->bytes = tail->bytes << 8 | byte;
    tail->letters = tail->letters << 5 | (byte & 31);
    tail->run = is_letter ? tail->run + 1 : 0;
}

/* Multiplicative hashing: the upper bits depend on all of the sequence. The
 * choices are written so that they become no jumps. Three letters need no
 * hash: each three of a to z have a bucket of their own. */
static inline uint32_t bucket_of_3(const struct tail *tail)
{
    uint32_t hash = (tail->bytes << 8) * 0x9e3779b1U;
    uint32_t letters =
        MF_LETTERS_3 + (tail->letters & ((1U << MF_LETTERS_3_BITS) - 1));
    uint32_t others = MF_OTHERS_3 + (hash >> (32 - MF_OTHERS_3_BITS));
    return tail->run >= 3 ? letters : others;
}

static inline uint32_t bucket_of_4(const struct tail *tail)
{
    uint32_t hash = tail->bytes * 0x85ebca6bU;
    uint32_t letters = MF_LETTERS_4 + (hash >> (32 - MF_LETTERS_4_BITS));
    uint32_t others = MF_OTHERS_4 + (hash >> (32 - MF_OTHERS_4_BITS));
    return tail->run >= 4 ? letters : others;
}

/* MF_BUCKETS: not five letters. */
static inline uint32_t bucket_of_5(const struct tail *tail)
{
    uint32_t hash = (tail->letters << 7) * 0x9e3779b1U;
    uint32_t letters = MF_LETTERS_5 + (hash >> (32 - MF_LETTERS_5_BITS));
    return tail->run >= 5 ? letters : MF_BUCKETS;
}

void mf_signature_add(struct mf_signature *signature, const char *text,
                      size_t len)
{
    uint8_t *has = signature->has;
    const uint8_t *bytes = (const uint8_t *)text;
    struct tail tail = {0};
    size_t i = 0;
    for (; i < len && i < 2; i++)
        step(&tail, bytes[i]);
    for (; i < len && i < 3; i++) {
        step(&tail, bytes[i]);
        has[bucket_of_3(&tail)] = 1;
    }
    for (; i < len; i++) {
        step(&tail, bytes[i]);
        has[bucket_of_3(&tail)] = 1;
        has[bucket_of_4(&tail)] = 1;
        has[bucket_of_5(&tail)] = 1;
    }
}

/* Of the last five bytes up to and with `byte`, in `bytes`; MF_BUCKETS: not
 * all of them are printable ASCII. `run` counts those. They share the buckets
 * of words. */
static inline uint32_t bucket_of_binary(uint64_t *bytes, uint32_t *run,
                                        uint8_t byte)
{
    const uint64_t five = (UINT64_C(1) << 40) - 1;
    *bytes = (*bytes << 8 | byte) & five;
    *run = (uint8_t)(byte - ' ') < 0x7f - ' ' ? *run + 1 : 0;
    uint64_t hash = (*bytes << 24) * UINT64_C(0x9e3779b97f4a7c15);
    return *run >= 5
               ? MF_LETTERS_5 + (uint32_t)(hash >> (64 - MF_LETTERS_5_BITS))
               : MF_BUCKETS;
}

static inline uint64_t load8(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

/* Eight bytes that are 1 or 0 as the bits of one. */
static inline uint8_t bits_of(const uint8_t *has)
{
    return (uint8_t)(load8(has) * UINT64_C(0x0102040810204080) >> 56);
}

enum { BLOCK_LEN = 64 };

/* Bit i: `bytes[i]` is printable ASCII. */
static inline uint64_t printable_in(const uint8_t bytes[BLOCK_LEN])
{
    uint8_t is_so[BLOCK_LEN];
    uint64_t mask = 0;
    for (size_t i = 0; i < BLOCK_LEN; i++)
        is_so[i] = (uint8_t)(bytes[i] - ' ') < 0x7f - ' ';
    for (size_t i = 0; i < BLOCK_LEN; i += 8)
        mask |= (uint64_t)bits_of(is_so + i) << i;
    return mask;
}

/* Bit i: so are it and the four before it; `before` is the last block's. */
static inline uint64_t ends_of_five(uint64_t mask, uint64_t before)
{
    uint64_t ends = mask;
    for (unsigned back = 1; back < 5; back++)
        ends &= mask << back | before >> (BLOCK_LEN - back);
    return ends;
}

/* The bucket of the five printable bytes up to and with `bytes[end]`. */
static inline uint32_t bucket_at(const uint8_t *bytes, size_t end)
{
    uint64_t last = 0;
    uint32_t run = 4;
    for (size_t i = end - 4; i < end; i++)
        last = last << 8 | bytes[i];
    return bucket_of_binary(&last, &run, bytes[end]);
}

/* Most of such bytes are in no run of five, so blocks of them are looked at
 * first. */
void mf_signature_add_binary(struct mf_signature *signature, const char *bytes,
                             size_t len)
{
    const uint8_t *at = (const uint8_t *)bytes;
    uint64_t before = 0;
    for (size_t i = 0; i < len; i += BLOCK_LEN) {
        uint8_t last[BLOCK_LEN] = {0};
        const uint8_t *block = at + i;
        if (len - i < BLOCK_LEN)
            block = memcpy(last, at + i, len - i);
        uint64_t mask = printable_in(block);
        uint64_t ends = ends_of_five(mask, before);
        for (; ends; ends &= ends - 1)
            signature->has[bucket_at(at, i + mf_bits_first(ends))] = 1;
        before = mask;
    }
}

void mf_signature_add_unread(struct mf_signature *signature)
{
    memset(signature->has + MF_LETTERS_5, 1, 1 << MF_LETTERS_5_BITS);
}

size_t mf_needle_binary_buckets(const char *needle, size_t len,
                                uint32_t *buckets, size_t max)
{
    uint64_t last = 0;
    uint32_t run = 0;
    size_t count = 0;
    for (size_t i = 0; i < len && count < max; i++) {
        uint32_t bucket = bucket_of_binary(&last, &run, (uint8_t)needle[i]);
        if (bucket != MF_BUCKETS)
            buckets[count++] = bucket;
    }
    return count;
}

/* Returns how many. */
static size_t put_bits(const struct mf_signature *signature, uint8_t *bits)
{
    size_t count = 0;
    for (size_t i = 0; i < MF_BUCKETS / 8; i++)
        bits[i] = bits_of(signature->has + i * 8);
    for (size_t i = 0; i < MF_BUCKETS / 8; i += 8)
        count += (size_t)mf_bits_count(load8(bits + i));
    return count;
}

static size_t put_step(uint8_t *at, uint32_t step)
{
    size_t len = 0;
    for (; step >= 0x80; step >>= 7)
        at[len++] = (uint8_t)(step | 0x80);
    at[len++] = (uint8_t)step;
    return len;
}

static size_t put_list(const struct mf_signature *signature, uint8_t *list)
{
    uint32_t last = 0;
    size_t len = 0;
    for (uint32_t i = 0; i < MF_BUCKETS; i += 8) {
        if (!load8(signature->has + i))
            continue;
        for (uint32_t bucket = i; bucket < i + 8; bucket++) {
            if (!signature->has[bucket])
                continue;
            len += put_step(list + len, bucket - last);
            last = bucket;
        }
    }
    return len;
}

int mf_signature_encode(const struct mf_signature *signature,
                        struct mf_buf *out)
{
    /* Lists are for small frames: with more buckets than this one is not
     * much shorter than the bits, which can be looked into without reading
     * all of them. */
    const size_t list_max = MF_BUCKETS / 32;
    int rc = mf_buf_reserve(out, 1 + MF_BUCKETS / 8);
    if (rc)
        return rc;
    uint8_t *at = out->data + out->len;
    size_t len = MF_BUCKETS / 8;
    at[0] = FORM_BITS;
    /* A step of a list is of three bytes at most. */
    if (put_bits(signature, at + 1) <= list_max) {
        at[0] = FORM_LIST;
        len = put_list(signature, at + 1);
    }
    out->len += 1 + len;
    return 0;
}

static bool decode_list(struct mf_cursor *cursor, uint64_t *words)
{
    uint64_t bucket = 0;
    memset(words, 0, MF_BUCKET_WORDS * sizeof *words);
    while (!mf_cursor_done(cursor)) {
        uint64_t step = mf_cursor_varint(cursor);
        if (step >= MF_BUCKETS - bucket)
            return false;
        bucket += step;
        words[bucket / 64] |= UINT64_C(1) << bucket % 64;
    }
    return !cursor->error;
}

bool mf_signature__decode(const uint8_t *signature, size_t len, uint64_t *words)
{
    struct mf_cursor cursor = mf_cursor_make(signature, len);
    if (len == 0)
        return false;
    uint8_t form = mf_cursor_u8(&cursor);
    if (form == FORM_LIST)
        return decode_list(&cursor, words);
    if (form != FORM_BITS ||
        mf_cursor_left(&cursor) != MF_BUCKET_WORDS * sizeof *words)
        return false;
    const uint8_t *bits = cursor.at;
    for (size_t i = 0; i < MF_BUCKET_WORDS; i++)
        words[i] = load8(bits + i * sizeof *words);
    return true;
}

static bool list_has(const uint8_t *signature, size_t len,
                     const uint32_t *buckets, size_t count)
{
    uint64_t words[MF_BUCKET_WORDS];
    if (!mf_signature__decode(signature, len, words))
        return false;
    for (size_t i = 0; i < count; i++)
        if (buckets[i] >= MF_BUCKETS ||
            !(words[buckets[i] / 64] >> buckets[i] % 64 & 1))
            return false;
    return true;
}

bool mf_signature_has(const uint8_t *signature, size_t len,
                      const uint32_t *buckets, size_t count)
{
    if (len == 0)
        return false;
    if (signature[0] == FORM_LIST)
        return list_has(signature, len, buckets, count);
    if (signature[0] != FORM_BITS || len != 1 + MF_BUCKETS / 8)
        return false;
    for (size_t i = 0; i < count; i++)
        if (buckets[i] >= MF_BUCKETS ||
            !(signature[1 + buckets[i] / 8] >> buckets[i] % 8 & 1))
            return false;
    return true;
}

/* ---- a question ---- */

/*
 * How rare a byte is in what web traffic holds, folded: 1 is the commonest
 * kind. Only a guess that orders the grams of a needle.
 */
static unsigned rareness(uint8_t byte)
{
    static const char kinds[][40] = {
        "etaoinsrlcdup\"-/.:", "mhgfb01234567 89,_=;", "vkwyx'()<>{}&?%+",
        "jqz*#@![]\\^`~|$"};
    for (unsigned i = 0; byte && i < sizeof kinds / sizeof *kinds; i++)
        if (strchr(kinds[i], byte))
            return i + 1;
    return byte < 0x80 ? 5 : 4;
}

enum { PLACES_MAX = 256 };

/* The grams of one kind in a needle; more places than these say nothing. */
struct question {
    uint32_t bucket[PLACES_MAX]; /* of the gram that ends there */
    unsigned score[PLACES_MAX];  /* 0: it is of another kind, or taken */
    bool taken[PLACES_MAX];
    size_t count;
};

struct kind {
    uint32_t first, last; /* buckets */
    uint32_t len;
    uint32_t (*bucket)(const struct tail *tail);
};

static uint32_t bucket_3(const struct tail *tail)
{
    return bucket_of_3(tail);
}

static uint32_t bucket_4(const struct tail *tail)
{
    return bucket_of_4(tail);
}

static uint32_t bucket_5(const struct tail *tail)
{
    return bucket_of_5(tail);
}

/* Those that tell most come first. */
static const struct kind kinds[] = {
    {MF_LETTERS_5, MF_OTHERS_3 - 1, 5, bucket_5},
    {MF_OTHERS_4, MF_BUCKETS - 1, 4, bucket_4},
    {MF_LETTERS_4, MF_LETTERS_5 - 1, 4, bucket_4},
    {MF_LETTERS_3, MF_LETTERS_4 - 1, 3, bucket_3},
    {MF_OTHERS_3, MF_OTHERS_4 - 1, 3, bucket_3},
};

static void find_grams(const char *needle, size_t len, const struct kind *kind,
                       struct question *question)
{
    struct tail tail = {0};
    question->count = len < PLACES_MAX ? len : PLACES_MAX;
    for (size_t i = 0; i < question->count; i++) {
        step(&tail, (uint8_t)needle[i]);
        uint32_t bucket = i + 1 < kind->len ? MF_BUCKETS : kind->bucket(&tail);
        question->bucket[i] = bucket;
        question->taken[i] = false;
        question->score[i] = 0;
        if (bucket < kind->first || bucket > kind->last)
            continue;
        for (size_t k = 0; k < kind->len; k++)
            question->score[i] += rareness((uint8_t)needle[i - k]);
    }
}

static bool is_apart(const struct question *question, size_t at,
                     size_t distance)
{
    size_t from = at >= distance ? at - distance + 1 : 0;
    for (size_t i = from; i < at + distance && i < question->count; i++)
        if (question->taken[i])
            return false;
    return true;
}

/* The best gram that is `distance` from all taken; question->count: none. */
static size_t best_gram(const struct question *question, size_t distance)
{
    size_t best = question->count;
    for (size_t i = 0; i < question->count; i++)
        if (question->score[i] &&
            (best == question->count ||
             question->score[i] > question->score[best]) &&
            is_apart(question, i, distance))
            best = i;
    return best;
}

/* Grams apart from one another say more than those that share bytes. */
static size_t take_grams(struct question *question, size_t gram_len,
                         uint32_t *buckets, size_t max)
{
    size_t found = 0;
    for (size_t distance = gram_len; distance > 0; distance--) {
        while (found < max) {
            size_t at = best_gram(question, distance);
            if (at == question->count)
                break;
            question->taken[at] = true;
            question->score[at] = 0;
            buckets[found++] = question->bucket[at];
        }
    }
    return found;
}

size_t mf_needle_buckets(const char *needle, size_t len, uint32_t *buckets,
                         size_t max)
{
    size_t found = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct question question;
        find_grams(needle, len, &kinds[i], &question);
        found +=
            take_grams(&question, kinds[i].len, buckets + found, max - found);
    }
    return found;
}

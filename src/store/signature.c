#include "store/signature.h"

#include <stdlib.h>
#include <string.h>

#include "store/signature_impl.h"

/* The first byte of an encoded signature: what follows. */
enum {
    FORM_LIST = 0, /* varints: from one bucket to the next */
    FORM_BITS = 1, /* a bit for each bucket */
};

struct mf_signature {
    uint64_t words[MF_BUCKET_WORDS];
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

static inline uint32_t load4(const void *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t load3(const char *at)
{
    const uint8_t *bytes = (const uint8_t *)at;
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
}

/* Multiplicative hashing: the upper bits depend on all of the gram. */
static inline uint32_t bucket_of_3(uint32_t gram)
{
    return gram * 0x9e3779b1U >> (32 - MF_GRAM3_BITS);
}

static inline uint32_t bucket_of_4(uint32_t gram)
{
    return MF_GRAM3_BUCKETS + (gram * 0x85ebca6bU >> (32 - MF_GRAM4_BITS));
}

static inline void set_bit(uint64_t *words, uint32_t bucket)
{
    words[bucket / 64] |= UINT64_C(1) << bucket % 64;
}

void mf_signature_add(struct mf_signature *signature, const char *text,
                      size_t len)
{
    uint64_t *words = signature->words;
    if (len < 3)
        return;
    for (size_t i = 0; i + 4 <= len; i++) {
        uint32_t gram = load4(text + i);
        set_bit(words, bucket_of_3(gram & 0xffffff));
        set_bit(words, bucket_of_4(gram));
    }
    set_bit(words, bucket_of_3(load3(text + len - 3)));
}

static size_t put_step(uint8_t *at, uint32_t step)
{
    size_t len = 0;
    for (; step >= 0x80; step >>= 7)
        at[len++] = (uint8_t)(step | 0x80);
    at[len++] = (uint8_t)step;
    return len;
}

static int encode_list(const struct mf_signature *signature, struct mf_buf *out)
{
    uint32_t last = 0;
    int rc = mf_buf_append_byte(out, FORM_LIST);
    for (size_t i = 0; !rc && i < MF_BUCKET_WORDS; i++) {
        uint8_t steps[64 * 3]; /* a step is of 17 bits at most */
        size_t len = 0;
        for (uint64_t word = signature->words[i]; word; word &= word - 1) {
            uint32_t bucket =
                (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(word);
            len += put_step(steps + len, bucket - last);
            last = bucket;
        }
        rc = mf_buf_append(out, steps, len);
    }
    return rc;
}

int mf_signature_encode(const struct mf_signature *signature,
                        struct mf_buf *out)
{
    /* Lists are for small frames: with more buckets than this one is not
     * much shorter than the bits, which can be looked into without reading
     * all of them. */
    const size_t list_max = MF_BUCKETS / 32;
    size_t count = 0;
    for (size_t i = 0; i < MF_BUCKET_WORDS; i++)
        count += (size_t)__builtin_popcountll(signature->words[i]);
    if (count <= list_max)
        return encode_list(signature, out);
    int rc = mf_buf_reserve(out, 1 + sizeof signature->words);
    if (rc)
        return rc;
    mf_buf_append_byte(out, FORM_BITS);
    for (size_t i = 0; i < MF_BUCKET_WORDS; i++) {
        uint64_t word = htole64(signature->words[i]);
        mf_buf_append(out, &word, sizeof word);
    }
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
        set_bit(words, (uint32_t)bucket);
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
    for (size_t i = 0; i < MF_BUCKET_WORDS; i++)
        words[i] = mf_cursor_le64(&cursor);
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
 * How rare a byte is in what web traffic holds, folded: 0 is the commonest
 * kind. Only a guess that orders the grams of a needle.
 */
static unsigned rareness(uint8_t byte)
{
    static const char kinds[][40] = {
        "etaoinsrlcdup\"-/.:", "mhgfb01234567 89,_=;", "vkwyx'()<>{}&?%+",
        "jqz*#@![]\\^`~|$"};
    for (unsigned i = 0; byte && i < sizeof kinds / sizeof *kinds; i++)
        if (strchr(kinds[i], byte))
            return i;
    return byte < 0x80 ? 4 : 3;
}

enum { GRAMS_MAX = 256 };

struct question {
    const char *needle;
    size_t gram_len;
    size_t count; /* of grams: from each place of the needle, at most 256 */
    unsigned score[GRAMS_MAX];
    bool taken[GRAMS_MAX];
};

static void rate(struct question *question)
{
    for (size_t i = 0; i < question->count; i++) {
        question->score[i] = 0;
        question->taken[i] = false;
        for (size_t k = 0; k < question->gram_len; k++)
            question->score[i] += rareness((uint8_t)question->needle[i + k]);
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
        if (!question->taken[i] && is_apart(question, i, distance) &&
            (best == question->count ||
             question->score[i] > question->score[best]))
            best = i;
    return best;
}

/* Grams apart from one another say more than those that share bytes. */
static size_t take_grams(struct question *question, uint32_t *buckets,
                         size_t max)
{
    size_t found = 0;
    rate(question);
    for (size_t distance = question->gram_len; distance > 0; distance--) {
        while (found < max) {
            size_t at = best_gram(question, distance);
            if (at == question->count)
                break;
            question->taken[at] = true;
            buckets[found++] = question->gram_len == 4
                                   ? bucket_of_4(load4(question->needle + at))
                                   : bucket_of_3(load3(question->needle + at));
        }
    }
    return found;
}

size_t mf_needle_buckets(const char *needle, size_t len, uint32_t *buckets,
                         size_t max)
{
    size_t found = 0;
    for (size_t gram_len = 4; gram_len >= 3 && len >= 3; gram_len--) {
        struct question question = {.needle = needle, .gram_len = gram_len};
        if (len < gram_len)
            continue;
        question.count = len - gram_len + 1;
        if (question.count > GRAMS_MAX)
            question.count = GRAMS_MAX;
        found += take_grams(&question, buckets + found, max - found);
    }
    return found;
}

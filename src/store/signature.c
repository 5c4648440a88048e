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
    /* One word more than there are buckets: for what is none. */
    uint64_t words[MF_BUCKET_WORDS + 1];
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

/* The last bytes of a text up to a place, and how many of them are letters
 * without another between. */
struct tail {
    uint64_t bytes; /* the last is the lowest */
    uint32_t letters;
};

static inline void step(struct tail *tail, uint8_t byte)
{
    bool is_letter = (uint8_t)(byte - 'a') < 26 || byte >= 0x80;
    tail->bytes = tail->bytes << 8 | byte;
    tail->letters = is_letter ? tail->letters + 1 : 0;
}

/* Multiplicative hashing: the upper bits depend on all of the sequence. The
 * choices are written so that they become no jumps. */
static inline uint32_t bucket_of_3(const struct tail *tail)
{
    uint32_t hash = ((uint32_t)tail->bytes & 0xffffff) * 0x9e3779b1U;
    uint32_t letters = MF_LETTERS_3 + (hash >> (32 - MF_LETTERS_3_BITS));
    uint32_t others = MF_OTHERS_3 + (hash >> (32 - MF_OTHERS_3_BITS));
    return tail->letters >= 3 ? letters : others;
}

static inline uint32_t bucket_of_4(const struct tail *tail)
{
    uint32_t hash = (uint32_t)tail->bytes * 0x85ebca6bU;
    uint32_t letters = MF_LETTERS_4 + (hash >> (32 - MF_LETTERS_4_BITS));
    uint32_t others = MF_OTHERS_4 + (hash >> (32 - MF_OTHERS_4_BITS));
    return tail->letters >= 4 ? letters : others;
}

/* MF_BUCKETS: not five letters. */
static inline uint32_t bucket_of_5(const struct tail *tail)
{
    uint64_t hash = (tail->bytes << 24) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t letters =
        MF_LETTERS_5 + (uint32_t)(hash >> (64 - MF_LETTERS_5_BITS));
    return tail->letters >= 5 ? letters : MF_BUCKETS;
}

static inline void set_bit(uint64_t *words, uint32_t bucket)
{
    words[bucket / 64] |= UINT64_C(1) << bucket % 64;
}

void mf_signature_add(struct mf_signature *signature, const char *text,
                      size_t len)
{
    uint64_t *words = signature->words;
    const uint8_t *bytes = (const uint8_t *)text;
    struct tail tail = {0};
    size_t i = 0;
    for (; i < len && i < 2; i++)
        step(&tail, bytes[i]);
    for (; i < len && i < 3; i++) {
        step(&tail, bytes[i]);
        set_bit(words, bucket_of_3(&tail));
    }
    for (; i < len; i++) {
        step(&tail, bytes[i]);
        set_bit(words, bucket_of_3(&tail));
        set_bit(words, bucket_of_4(&tail));
        set_bit(words, bucket_of_5(&tail));
    }
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
    int rc = mf_buf_reserve(out, 1 + MF_BUCKETS / 8);
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

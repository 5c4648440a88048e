/*
 * A part is a table with a byte for each of its buckets, then their rows one
 * after another. The byte tells the row's length (0 to 64) and, by its upper
 * bit, whether the row lists the frames that have the bucket or those that
 * have not. A row of 64 bytes is a bit for each frame; a shorter one is the
 * frames' distances in Golomb-Rice codes: three bits that tell the parameter,
 * then for each frame its distance from the one before, less one; the lower
 * bits after a unary number, which ends with 0. Ones fill the last byte.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "store/signature.h"
#include "store/signature_impl.h"

enum {
    PART_BUCKETS = 128,
    PART_WORDS = PART_BUCKETS / 64,
    SET_WORDS = MF_GROUP_FRAMES / 64,
    ROW_BITMAP = 64, /* bytes */
    ROW_LEN_MASK = 0x7f,
    ROW_ALL = 0x80,
    LIST_MAX = 150, /* frames; more do not fit into less than 64 bytes */
    /* A row of more frames says too little for its bytes: it says all. */
    WORTH_MAX = MF_GROUP_FRAMES * 5 / 8,
};

_Static_assert(MF_BUCKETS % PART_BUCKETS == 0 &&
                   MF_BUCKETS / PART_BUCKETS < MF_POSTING_PARTS_MAX,
               "the last part's number is the store's");

struct mf_postings {
    uint64_t *frames[MF_GROUP_FRAMES]; /* each MF_BUCKET_WORDS; NULL: none */
};

struct mf_postings *mf_postings_new(void)
{
    return calloc(1, sizeof(struct mf_postings));
}

void mf_postings_free(struct mf_postings *postings)
{
    if (!postings)
        return;
    for (size_t i = 0; i < MF_GROUP_FRAMES; i++)
        free(postings->frames[i]);
    free(postings);
}

int mf_postings_add(struct mf_postings *postings, unsigned frame,
                    const uint8_t *signature, size_t len)
{
    if (frame >= MF_GROUP_FRAMES)
        return MF_ECORRUPT;
    uint64_t *words = malloc(MF_BUCKET_WORDS * sizeof *words);
    if (!words)
        return MF_ENOMEM;
    if (!mf_signature__decode(signature, len, words)) {
        free(words);
        return MF_ECORRUPT;
    }
    free(postings->frames[frame]);
    postings->frames[frame] = words;
    return 0;
}

/* ---- a row ---- */

struct bit_writer {
    uint8_t *at;
    uint64_t pending;
    unsigned pending_bits;
};

/* At most 32 bits. */
static inline void put_bits(struct bit_writer *writer, uint64_t bits,
                            unsigned count)
{
    writer->pending |= bits << writer->pending_bits;
    writer->pending_bits += count;
    if (writer->pending_bits < 32)
        return;
    uint32_t word = htole32((uint32_t)writer->pending);
    memcpy(writer->at, &word, sizeof word);
    writer->at += sizeof word;
    writer->pending >>= 32;
    writer->pending_bits -= 32;
}

/* The last of them, with ones to a whole byte. */
static void finish_bits(struct bit_writer *writer)
{
    if (writer->pending_bits % 8)
        put_bits(writer, 0xff >> writer->pending_bits % 8,
                 8 - writer->pending_bits % 8);
    for (; writer->pending_bits; writer->pending_bits -= 8) {
        *writer->at++ = (uint8_t)writer->pending;
        writer->pending >>= 8;
    }
}

/* For so many frames of 512 that keep about equal distances. */
static unsigned parameter_for(unsigned count)
{
    static const uint8_t from[] = {90, 45, 23, 12, 6, 3, 2};
    unsigned parameter = 1;
    while (parameter < 8 && count < from[parameter - 1])
        parameter++;
    return parameter;
}

/* A unary number, 0, then the lower bits: most codes are short. */
static inline void put_distance(struct bit_writer *writer, unsigned distance,
                                unsigned parameter)
{
    unsigned ones = distance >> parameter;
    uint64_t low = distance & ((1U << parameter) - 1);
    while (ones > 16) { /* at most 511 >> 1 of them */
        put_bits(writer, 0xffff, 16);
        ones -= 16;
    }
    put_bits(writer, ((UINT64_C(1) << ones) - 1) | low << (ones + 1),
             ones + 1 + parameter);
}

/* Returns its length, or 64 if the list does not fit into less. */
static size_t put_list(const uint64_t *set, unsigned count, uint8_t *row)
{
    enum { CODE_MAX_LEN = 40 }; /* 256 ones: see above */
    uint8_t bytes[ROW_BITMAP + CODE_MAX_LEN];
    struct bit_writer writer = {.at = bytes};
    unsigned parameter = parameter_for(count);
    int last = -1;
    put_bits(&writer, parameter - 1, 3);
    for (int word = 0; word < SET_WORDS; word++) {
        for (uint64_t left = set[word]; left; left &= left - 1) {
            int frame = word * 64 + __builtin_ctzll(left);
            put_distance(&writer, (unsigned)(frame - last - 1), parameter);
            last = frame;
            if (writer.at - bytes >= ROW_BITMAP)
                return ROW_BITMAP;
        }
    }
    finish_bits(&writer);
    size_t len = (size_t)(writer.at - bytes);
    if (len < ROW_BITMAP)
        memcpy(row, bytes, len);
    return len < ROW_BITMAP ? len : ROW_BITMAP;
}

static size_t put_bitmap(const uint64_t *set, uint8_t *row)
{
    for (size_t i = 0; i < SET_WORDS; i++) {
        uint64_t word = htole64(set[i]);
        memcpy(row + i * sizeof word, &word, sizeof word);
    }
    return ROW_BITMAP;
}

/* Returns the byte for the table; `row` has room for 64. */
static uint8_t put_row(const uint64_t *set, uint8_t *row)
{
    unsigned count = 0;
    for (size_t i = 0; i < SET_WORDS; i++)
        count += (unsigned)mf_bits_count(set[i]);
    if (count == 0)
        return 0;
    if (count > WORTH_MAX)
        return ROW_ALL;
    size_t len = count <= LIST_MAX ? put_list(set, count, row) : ROW_BITMAP;
    return (uint8_t)(len < ROW_BITMAP ? len : put_bitmap(set, row));
}

static unsigned get_bits(const uint8_t *row, size_t at, unsigned count)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < count; i++)
        bits |= (unsigned)(row[(at + i) / 8] >> (at + i) % 8 & 1) << i;
    return bits;
}

static bool get_list(const uint8_t *row, size_t len, uint64_t *set)
{
    size_t at = 3, end = len * 8;
    unsigned parameter = get_bits(row, 0, 3) + 1, frame = 0;
    memset(set, 0, SET_WORDS * sizeof *set);
    for (;;) {
        while (at < end && get_bits(row, at, 1)) {
            frame += 1U << parameter;
            at++;
        }
        if (at == end)
            return true; /* the ones that fill the last byte */
        if (end - at < parameter + 1)
            return false;
        frame += get_bits(row, at + 1, parameter);
        at += parameter + 1;
        if (frame >= MF_GROUP_FRAMES)
            return false;
        set[frame / 64] |= UINT64_C(1) << frame % 64;
        frame++;
    }
}

static bool get_row(uint8_t kind, const uint8_t *row, uint64_t *set)
{
    size_t len = kind & ROW_LEN_MASK;
    if (len == ROW_BITMAP) {
        memcpy(set, row, ROW_BITMAP);
        for (size_t i = 0; i < SET_WORDS; i++)
            set[i] = le64toh(set[i]);
    } else if (len == 0) {
        memset(set, 0, ROW_BITMAP);
    } else if (!get_list(row, len, set)) {
        return false;
    }
    for (size_t i = 0; kind == ROW_ALL && i < SET_WORDS; i++)
        set[i] = UINT64_MAX;
    return true;
}

/* ---- a part ---- */

/* Turn 64 words of 64 bits around: Hacker's Delight, section 7-3. */
static void transpose(uint64_t *square)
{
    uint64_t mask = UINT64_C(0x00000000ffffffff);
    for (unsigned width = 32; width; width >>= 1, mask ^= mask << width) {
        for (unsigned k = 0; k < 64; k = ((k | width) + 1) & ~width) {
            uint64_t swap = (square[k] >> width ^ square[k | width]) & mask;
            square[k] ^= swap << width;
            square[k | width] ^= swap;
        }
    }
}

/* For the 64 buckets of word `word`, their sets of frames. */
static void turn_around(const struct mf_postings *postings, size_t word,
                        uint64_t sets[64][SET_WORDS])
{
    for (size_t i = 0; i < SET_WORDS; i++) {
        uint64_t square[64];
        for (size_t k = 0; k < 64; k++) {
            const uint64_t *frame = postings->frames[i * 64 + k];
            square[k] = frame ? frame[word] : 0;
        }
        transpose(square);
        for (size_t k = 0; k < 64; k++)
            sets[k][i] = square[k];
    }
}

size_t mf_postings_part_count(void)
{
    return MF_BUCKETS / PART_BUCKETS;
}

int mf_postings_put_part(const struct mf_postings *postings, size_t part,
                         struct mf_buf *out)
{
    int rc = mf_buf_reserve(out, PART_BUCKETS + PART_BUCKETS * ROW_BITMAP);
    if (rc)
        return rc;
    uint8_t *table = out->data + out->len, *row = table + PART_BUCKETS;
    for (size_t i = 0; i < PART_WORDS; i++) {
        uint64_t sets[64][SET_WORDS];
        turn_around(postings, part * PART_WORDS + i, sets);
        for (size_t k = 0; k < 64; k++) {
            uint8_t kind = put_row(sets[k], row);
            table[i * 64 + k] = kind;
            row += kind & ROW_LEN_MASK;
        }
    }
    out->len = (size_t)(row - out->data);
    return 0;
}

size_t mf_posting_part_of(uint32_t bucket)
{
    return bucket / PART_BUCKETS;
}

int mf_posting_narrow(const uint8_t *part, size_t len, uint32_t bucket,
                      struct mf_frame_set *set)
{
    uint64_t has[SET_WORDS];
    size_t index = bucket % PART_BUCKETS, at = PART_BUCKETS;
    if (len < PART_BUCKETS)
        return MF_ECORRUPT;
    for (size_t i = 0; i < index; i++)
        at += part[i] & ROW_LEN_MASK;
    size_t row_len = part[index] & ROW_LEN_MASK;
    if (row_len > ROW_BITMAP || at > len || row_len > len - at ||
        !get_row(part[index], part + at, has))
        return MF_ECORRUPT;
    for (size_t i = 0; i < SET_WORDS; i++)
        set->bits[i] &= has[i];
    return 0;
}

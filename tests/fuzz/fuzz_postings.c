#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP = 977, BUCKETS = 98304 };

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* Bytes of a database, as a part and as a signature. */
static void read_any(const uint8_t *data, size_t size)
{
    struct mf_frame_set set;
    for (uint32_t bucket = 0; bucket < 512; bucket++) {
        memset(&set, 0xff, sizeof set);
        mf_posting_narrow(data, size, bucket, &set);
    }
    const uint32_t buckets[] = {0, 1, 5000, BUCKETS - 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof buckets / sizeof *buckets; i++)
        mf_signature_has(data, size, &buckets[i], 1);
}

/* The input is a signature: what it has, the postings know. */
static void turn_around(const uint8_t *data, size_t size)
{
    struct mf_postings *postings = mf_postings_new();
    unsigned frame = (unsigned)size % MF_GROUP_FRAMES;
    require(postings);
    if (mf_postings_add(postings, frame, data, size) == 0) {
        struct mf_buf part;
        mf_buf_init(&part, SIZE_MAX);
        for (uint32_t bucket = 0; bucket < BUCKETS; bucket += STEP) {
            struct mf_frame_set set;
            memset(&set, 0xff, sizeof set);
            mf_buf_clear(&part);
            require(!mf_postings_put_part(postings, mf_posting_part_of(bucket),
                                          &part));
            require(!mf_posting_narrow(part.data, part.len, bucket, &set));
            bool told = set.bits[frame / 64] >> frame % 64 & 1;
            require(told == mf_signature_has(data, size, &bucket, 1));
        }
        mf_buf_release(&part);
    }
    mf_postings_free(postings);
}

/* The input is a text: each piece of it is found. */
static void sign(const uint8_t *data, size_t size)
{
    struct mf_signature *signature = mf_signature_new();
    struct mf_buf encoded;
    require(signature);
    mf_buf_init(&encoded, SIZE_MAX);
    mf_signature_add(signature, (const char *)data, size);
    require(!mf_signature_encode(signature, &encoded));
    for (size_t len = 3; len < 50; len = len * 2 - 1) {
        for (size_t at = 0; at + len <= size && at < 200; at++) {
            uint32_t buckets[16];
            size_t count =
                mf_needle_buckets((const char *)data + at, len, buckets, 16);
            require(count > 0);
            require(
                mf_signature_has(encoded.data, encoded.len, buckets, count));
        }
    }
    turn_around(encoded.data, encoded.len);
    mf_buf_release(&encoded);
    mf_signature_free(signature);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_any(data, size);
    turn_around(data, size);
    sign(data, size);
    return 0;
}

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "store/block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes of a database: whatever they are, reading them must end well. */
static void read_block(const uint8_t *data, size_t size)
{
    struct mf_block_entry *entries;
    size_t count;
    unsigned frames;
    if (mf_block_entries(data, size, &frames, &entries, &count, NULL) == 0) {
        if (frames > MF_BLOCK_FRAMES_MAX)
            abort();
        free(entries);
    }
    for (unsigned i = 0; i <= MF_BLOCK_FRAMES_MAX; i++) {
        struct mf_frame *frame;
        struct mf_buf out;
        if (mf_frame_read(data, size, i, &frame, NULL))
            continue;
        mf_buf_init(&out, 1 << 20);
        for (size_t k = 0; k <= mf_frame_entry_count(frame); k++) {
            mf_frame_snapshot(frame, k, NULL, 0, &out, NULL);
            mf_frame_snapshot(frame, k, data, size, &out, NULL);
            mf_buf_clear(&out);
        }
        mf_buf_release(&out);
        mf_frame_free(frame);
    }
}

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* Any flow comes back as it was; without its binary bodies it is a flow. */
static void make_block(const uint8_t *data, size_t size)
{
    struct mf_flow *flow, *text_only;
    struct mf_made_block block;
    struct mf_frame *frame;
    struct mf_buf out;
    unsigned at = 0, slot = 0;
    const struct mf_block_entry entry = {7, MF_BLOCK_HEAD};
    if (mf_flow_from_snapshot(data, size, MF_FLOW_ENDED, &flow, NULL))
        return;
    struct mf_block_maker *maker = mf_block_maker_new();
    require(maker && !mf_block_maker_add(maker, &entry, flow, &at, &slot));
    require(!mf_block_maker_finish(maker, &block));
    require(!mf_frame_read(block.data.data, block.data.len, at, &frame, NULL));
    mf_buf_init(&out, SIZE_MAX);
    require(!mf_frame_snapshot(frame, slot, block.data.data, block.data.len,
                               &out, NULL));
    require(out.len == size && memcmp(out.data, data, size) == 0);
    mf_buf_clear(&out);
    require(!mf_frame_snapshot(frame, slot, NULL, 0, &out, NULL));
    require(out.len <= size);
    require(!mf_flow_from_snapshot(out.data, out.len, MF_FLOW_ENDED, &text_only,
                                   NULL));
    mf_flow_unref(text_only);
    mf_buf_release(&out);
    mf_frame_free(frame);
    mf_made_block_release(&block);
    mf_block_maker_free(maker);
    mf_flow_unref(flow);
}

static void put_varint(struct mf_buf *buf, size_t value)
{
    for (; value >= 0x80; value >>= 7)
        mf_buf_append_byte(buf, (uint8_t)(value | 0x80));
    mf_buf_append_byte(buf, (uint8_t)value);
}

/* Returns the length of what was appended. */
static size_t put_zstd(struct mf_buf *out, const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    size_t bound = ZSTD_compressBound(len);
    require(!mf_buf_reserve(out, bound));
    size_t got = ZSTD_compress(out->data + out->len, bound, data, len, 1);
    require(!ZSTD_isError(got));
    out->len += got;
    return got;
}

/*
 * A block whose checksums are right and whose contents are the input: three
 * bytes tell how much of it is the entries of the directory, the text and
 * the encoded bodies; the rest is binary bodies.
 */
static void wrap_block(const uint8_t *data, size_t size)
{
    struct mf_buf block, parts, directory;
    size_t lens[4], packed[3];
    if (size < 4)
        return;
    const uint8_t *at = data + 4;
    size_t left = size - 4;
    for (size_t i = 0; i < 4; i++) {
        lens[i] = i < 3 && data[i] < left ? data[i] : left;
        left -= lens[i];
    }
    mf_buf_init(&block, SIZE_MAX);
    mf_buf_init(&parts, SIZE_MAX);
    mf_buf_init(&directory, SIZE_MAX);
    const uint8_t *entries = at;
    at += lens[0];
    for (size_t i = 0; i < 3; i++) {
        packed[i] = put_zstd(&parts, at, lens[i + 1]);
        at += lens[i + 1];
    }
    put_varint(&directory, 1);
    put_varint(&directory, 0);
    for (size_t i = 0; i < 3; i++)
        put_varint(&directory, packed[i]);
    put_varint(&directory, data[3]);
    mf_buf_append(&directory, entries, lens[0]);
    mf_buf_append(&block, "\1\0\0\0\0", 5);
    size_t len = put_zstd(&block, directory.data, directory.len);
    for (size_t i = 0; i < 4; i++)
        block.data[1 + i] = (uint8_t)(len >> 8 * i);
    mf_buf_append(&block, parts.data, parts.len);
    read_block(block.data, block.len);
    mf_buf_release(&block);
    mf_buf_release(&parts);
    mf_buf_release(&directory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_block(data, size);
    wrap_block(data, size);
    make_block(data, size);
    return 0;
}

#include "exporter/spool/block.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "exporter/spool/bytes.h"

enum {
    /* Memory beyond this is given back with the block. */
    KEEP_MAX_LEN = 1 << 20,
    /* What is read from the file at a time. */
    PART_LEN = 64 << 10,
    IS_END = 1,
    GROWS = 2,
};

void mf_spool__block_init(struct mf_spool_block *block)
{
    *block = (struct mf_spool_block){0};
}

void mf_spool__block_release(struct mf_spool_block *block)
{
    ZSTD_freeDCtx(block->zstd);
    free(block->raw);
}

void mf_spool__block_clear(struct mf_spool_block *block)
{
    block->raw_len = block->at = 0;
    block->next = block->end = 0;
    if (block->raw_cap > KEEP_MAX_LEN) {
        free(block->raw);
        block->raw = NULL;
        block->raw_cap = 0;
    }
}

/* ---- decompression ---- */

static int begin(struct mf_spool_block *block, size_t raw_len)
{
    mf_spool__block_clear(block);
    if (!block->zstd) {
        block->zstd = ZSTD_createDCtx();
        if (!block->zstd)
            return MF_ENOMEM;
        ZSTD_DCtx_setParameter(block->zstd, ZSTD_d_windowLogMax,
                               MF_SPOOL_WINDOW_LOG);
    }
    ZSTD_DCtx_reset(block->zstd, ZSTD_reset_session_only);
    if (raw_len <= block->raw_cap)
        return 0;
    uint8_t *raw = malloc(raw_len);
    if (!raw)
        return MF_ENOMEM;
    free(block->raw);
    block->raw = raw;
    block->raw_cap = raw_len;
    return 0;
}

/* Put part of the payload in; *at is how much has come out, of at most `cap`.
 */
static int decompress(struct mf_spool_block *block, const uint8_t *data,
                      size_t len, size_t *at, size_t cap, bool *is_whole)
{
    ZSTD_inBuffer in = {data, len, 0};
    while (in.pos < in.size) {
        ZSTD_outBuffer out = {block->raw, cap, *at};
        size_t before = in.pos;
        size_t left = ZSTD_decompressStream(block->zstd, &out, &in);
        if (ZSTD_isError(left) || *is_whole)
            return MF_ECORRUPT; /* or a second frame */
        *is_whole = left == 0;
        if (in.pos == before && out.pos == *at)
            return MF_ECORRUPT; /* more than it may be */
        *at = out.pos;
    }
    return 0;
}

/* Whether the records are as many and as long as they have to be. */
static bool has_records(const uint8_t *raw, size_t len, uint32_t count)
{
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (len - at < MF_SPOOL_RECORD_HEAD_LEN)
            return false;
        uint8_t kind = raw[at + 16], id_len = raw[at + 18];
        size_t record_len = (size_t)mf_spool__get32(raw + at) + id_len;
        at += MF_SPOOL_RECORD_HEAD_LEN;
        if (kind < MF_KIND_WHOLE || kind > MF_KIND_LOSS ||
            id_len > MF_FLOW_ID_CAP || record_len > len - at)
            return false;
        at += record_len;
    }
    return at == len;
}

static int finish(struct mf_spool_block *block, size_t raw_len, size_t len,
                  bool is_whole, uint32_t first, uint32_t count)
{
    if (!is_whole || len != raw_len || !has_records(block->raw, len, count)) {
        mf_spool__block_clear(block);
        return MF_ECORRUPT;
    }
    block->raw_len = len;
    block->next = first;
    block->end = first + count;
    return 0;
}

static int load_parts(struct mf_spool_block *block,
                      const struct mf_spool_segment *segment,
                      const struct mf_spool_entry *entry, uint8_t *part,
                      size_t *ret_len, bool *ret_whole)
{
    uint32_t crc = mf_spool__segment_crc(segment, 0, NULL, 0);
    for (size_t at = 0; at < entry->stored_len;) {
        size_t left = entry->stored_len - at;
        size_t len = left < PART_LEN ? left : PART_LEN;
        int rc = mf_spool__segment_read(segment, entry->at + at, part, len);
        if (!rc)
            rc = decompress(block, part, len, ret_len, entry->raw_len,
                            ret_whole);
        if (rc)
            return rc;
        crc = mf_spool__segment_crc(segment, crc, part, len);
        at += len;
    }
    return crc == entry->crc ? 0 : MF_ECORRUPT;
}

int mf_spool__block_load(struct mf_spool_block *block,
                         const struct mf_spool_segment *segment,
                         const struct mf_spool_entry *entry)
{
    size_t len = 0;
    bool is_whole = false;
    int rc = begin(block, entry->raw_len);
    uint8_t *part = rc ? NULL : malloc(PART_LEN);
    if (!rc)
        rc = part ? load_parts(block, segment, entry, part, &len, &is_whole)
                  : MF_ENOMEM;
    free(part);
    if (rc) {
        mf_spool__block_clear(block);
        return rc;
    }
    return finish(block, entry->raw_len, len, is_whole, entry->first,
                  entry->count);
}

int mf_spool__block_load_gathered(struct mf_spool_block *block,
                                  const struct mf_spool_gather *gather)
{
    size_t len = 0;
    bool is_whole = false;
    int rc = begin(block, gather->raw_len);
    if (!rc)
        rc = decompress(block, gather->out.data + MF_SPOOL_ENTRY_LEN,
                        gather->out.len - MF_SPOOL_ENTRY_LEN, &len,
                        gather->raw_len, &is_whole);
    if (rc) {
        mf_spool__block_clear(block);
        return rc;
    }
    return finish(block, gather->raw_len, len, is_whole, gather->first,
                  gather->count);
}

/* ---- records ---- */

bool mf_spool__block_next(struct mf_spool_block *block, uint32_t *ret_index,
                          struct mf_spool_item *ret_item)
{
    if (block->next == block->end)
        return false;
    const uint8_t *head = block->raw + block->at;
    struct mf_label *label = &ret_item->label;
    *label = (struct mf_label){
        .kind = (enum mf_kind)head[16],
        .event = mf_spool__get32(head + 4),
        .is_end = head[17] & IS_END,
        .grows = head[17] & GROWS,
        .id_len = head[18],
        .at_ns = (int64_t)mf_spool__get64(head + 8),
    };
    memcpy(label->id, head + MF_SPOOL_RECORD_HEAD_LEN, label->id_len);
    ret_item->data = head + MF_SPOOL_RECORD_HEAD_LEN + label->id_len;
    ret_item->len = mf_spool__get32(head);
    block->at += MF_SPOOL_RECORD_HEAD_LEN + label->id_len + ret_item->len;
    *ret_index = block->next++;
    return true;
}

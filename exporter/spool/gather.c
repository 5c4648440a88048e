#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "exporter/spool/block.h"
#include "exporter/spool/bytes.h"

enum {
    LEVEL = 1,
    /* Of the compressed block; beyond it memory is given back. */
    KEEP_MAX_LEN = 1 << 20,
    /* What ending a frame may take. */
    END_LEN = 64,
};

void mf_spool__gather_init(struct mf_spool_gather *gather)
{
    *gather = (struct mf_spool_gather){0};
    mf_buf_init(&gather->out, 2 * MF_SPOOL_RAW_MAX);
}

void mf_spool__gather_release(struct mf_spool_gather *gather)
{
    ZSTD_freeCCtx(gather->zstd);
    mf_buf_release(&gather->out);
}

/* What the compressor holds back may come with what is put in now. */
static int reserve(struct mf_spool_gather *gather, size_t len)
{
    size_t held = gather->raw_len < MF_SPOOL_GATHER_LEN ? gather->raw_len
                                                        : MF_SPOOL_GATHER_LEN;
    return mf_buf_reserve(&gather->out, ZSTD_compressBound(len + held) +
                                            MF_SPOOL_ENTRY_LEN + END_LEN);
}

/* Put bytes in; there is room for what comes out. */
static bool compress(struct mf_spool_gather *gather, const void *data,
                     size_t len, ZSTD_EndDirective mode)
{
    ZSTD_inBuffer in = {data, len, 0};
    struct mf_buf *buf = &gather->out;
    size_t left;
    do {
        ZSTD_outBuffer out = {buf->data, buf->cap, buf->len};
        left = ZSTD_compressStream2(gather->zstd, &out, &in, mode);
        if (ZSTD_isError(left))
            return false;
        buf->len = out.pos;
        if (buf->len == buf->cap && mf_buf_reserve(buf, END_LEN))
            return false;
    } while (in.pos < in.size || (mode == ZSTD_e_end && left > 0));
    return true;
}

static int begin(struct mf_spool_gather *gather)
{
    if (!gather->zstd) {
        ZSTD_CCtx *zstd = ZSTD_createCCtx();
        if (!zstd)
            return MF_ENOMEM;
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, LEVEL);
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, MF_SPOOL_WINDOW_LOG);
        gather->zstd = zstd;
    }
    ZSTD_CCtx_reset(gather->zstd, ZSTD_reset_session_only);
    gather->out.len = MF_SPOOL_ENTRY_LEN;
    gather->raw_len = 0;
    gather->from_ns = INT64_MAX;
    gather->to_ns = INT64_MIN;
    return 0;
}

static size_t put_head(uint8_t *head, const struct mf_label *label, size_t len)
{
    mf_spool__put32(head, (uint32_t)len);
    mf_spool__put32(head + 4, label->event);
    mf_spool__put64(head + 8, (uint64_t)label->at_ns);
    head[16] = (uint8_t)label->kind;
    head[17] = (uint8_t)(label->is_end | label->grows << 1);
    head[18] = label->id_len;
    memset(head + 19, 0, MF_SPOOL_RECORD_HEAD_LEN - 19);
    memcpy(head + MF_SPOOL_RECORD_HEAD_LEN, label->id, label->id_len);
    return MF_SPOOL_RECORD_HEAD_LEN + (size_t)label->id_len;
}

static bool compress_message(struct mf_spool_gather *gather,
                             const struct mf_spliced *message)
{
    size_t at = 0;
    for (size_t i = 0; i < message->splice_count; i++) {
        const struct mf_splice *splice = &message->splices[i];
        if (!compress(gather, message->bytes + at, splice->at - at,
                      ZSTD_e_continue) ||
            !compress(gather, splice->data, splice->len, ZSTD_e_continue))
            return false;
        at = splice->at;
    }
    return message->len == at || compress(gather, message->bytes + at,
                                          message->len - at, ZSTD_e_continue);
}

int mf_spool__gather_add(struct mf_spool_gather *gather,
                         const struct mf_label *label,
                         const struct mf_spliced *message, size_t len)
{
    uint8_t head[MF_SPOOL_RECORD_HEAD_LEN + MF_FLOW_ID_CAP];
    assert(label->id_len <= MF_FLOW_ID_CAP);
    size_t head_len = put_head(head, label, len);
    int rc = gather->count ? 0 : begin(gather);
    if (!rc)
        rc = reserve(gather, head_len + len);
    if (rc)
        return rc;
    /* It takes its memory with the first bytes of a block. */
    if (!compress(gather, head, head_len, ZSTD_e_continue) ||
        !compress_message(gather, message))
        return gather->count ? MF_ECORRUPT : MF_ENOMEM;
    gather->raw_len += head_len + len;
    gather->count++;
    gather->live++;
    if (label->at_ns < gather->from_ns)
        gather->from_ns = label->at_ns;
    if (label->at_ns > gather->to_ns)
        gather->to_ns = label->at_ns;
    return 0;
}

void mf_spool__gather_end(struct mf_spool_gather *gather,
                          const struct mf_spool_segment *segment)
{
    if (gather->is_ended)
        return;
    compress(gather, NULL, 0, ZSTD_e_end);
    const struct mf_spool_entry entry = {
        .kind = MF_SPOOL_BLOCK,
        .stored_len = (uint32_t)(gather->out.len - MF_SPOOL_ENTRY_LEN),
        .raw_len = (uint32_t)gather->raw_len,
        .first = gather->first,
        .count = gather->count,
        .from_ns = gather->from_ns,
        .to_ns = gather->to_ns,
    };
    mf_spool__segment_put_header(segment, &entry, gather->out.data);
    gather->is_ended = true;
}

void mf_spool__gather_clear(struct mf_spool_gather *gather)
{
    gather->count = gather->live = 0;
    gather->raw_len = 0;
    gather->is_ended = false;
    if (gather->out.cap > KEEP_MAX_LEN)
        mf_buf_release(&gather->out);
}

/* Framed bodies. Each frame is read by itself: what is wrong in one spoils
 * none of the others. */
#include <stdio.h>
#include <string.h>

#include "codec/envelope.h"
#include "decode/grpc_impl.h"

bool mf_rpc_frame_next(const uint8_t **at, const uint8_t *end,
                       struct mf_rpc_frame *ret_frame)
{
    const uint8_t *start = *at;
    size_t left = (size_t)(end - start);
    if (left < MF_ENVELOPE_PREFIX_LEN)
        return false;
    size_t len = (size_t)start[1] << 24 | (size_t)start[2] << 16 |
                 (size_t)start[3] << 8 | start[4];
    left -= MF_ENVELOPE_PREFIX_LEN;
    *ret_frame = (struct mf_rpc_frame){
        .flags = start[0],
        .start = start,
        .data = start + MF_ENVELOPE_PREFIX_LEN,
        .len = len < left ? len : left,
        .missing = len < left ? 0 : len - left,
    };
    *at = ret_frame->data + ret_frame->len;
    return true;
}

static uint64_t offset_of(const struct mf_rpc_body *rpc, const uint8_t *at)
{
    return rpc->base ? (uint64_t)(at - rpc->base) : 0;
}

/* Compressed bytes tell their encoding where no header does. */
static struct mf_span encoding_of(const struct mf_rpc_body *rpc,
                                  const struct mf_rpc_frame *frame)
{
    static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    const uint8_t *data = frame->data;
    if (rpc->encoding.len)
        return rpc->encoding;
    if (frame->len >= 2 && data[0] == 0x1f && data[1] == 0x8b)
        return MF_SPAN("gzip");
    if (frame->len >= sizeof zstd && memcmp(data, zstd, sizeof zstd) == 0)
        return MF_SPAN("zstd");
    return MF_SPAN("identity");
}

static int put_end(const struct mf_rpc_body *rpc,
                   const struct mf_rpc_frame *frame, mf_rpc_end *end)
{
    struct mf_buf out;
    char fault[MF_RPC_FAULT_CAP];
    if (!(frame->flags & MF_ENVELOPE_COMPRESSED))
        return end(rpc, frame, frame->data, frame->len);
    int rc = mf_rpc_inflate(rpc->decoding, encoding_of(rpc, frame), frame->data,
                            frame->len, &out, fault);
    if (!rc)
        rc = end(rpc, NULL, out.data, out.len);
    if (!rc && fault[0])
        rc = mf_view_fault(rpc->view, offset_of(rpc, frame->data), "%s", fault);
    mf_buf_release(&out);
    return rc;
}

static int put_content(const struct mf_rpc_body *rpc,
                       const struct mf_rpc_frame *frame, uint8_t end_flag,
                       mf_rpc_end *end)
{
    uint8_t known = (uint8_t)(end_flag | MF_ENVELOPE_COMPRESSED);
    int rc = 0;
    if (frame->flags & ~known)
        rc = mf_view_fault(rpc->view, offset_of(rpc, frame->start),
                           "the flags 0x%02x are not known", frame->flags);
    if (rc)
        return rc;
    if (frame->flags & end_flag)
        rc = put_end(rpc, frame, end);
    else if (frame->flags & MF_ENVELOPE_COMPRESSED)
        rc = mf_rpc_put_compressed(rpc, encoding_of(rpc, frame), frame->data,
                                   frame->len);
    else
        rc =
            mf_rpc_put_message(rpc, frame->data, frame->len, rpc->base != NULL);
    if (rc || !frame->missing)
        return rc;
    return mf_view_fault(rpc->view, offset_of(rpc, frame->start),
                         "%llu bytes of this frame are missing",
                         (unsigned long long)frame->missing);
}

static int put_frame(const struct mf_rpc_body *rpc,
                     const struct mf_rpc_frame *frame, uint64_t number,
                     uint8_t end_flag, const char *end_name, mf_rpc_end *end)
{
    char also[96];
    bool is_end = frame->flags & end_flag;
    struct mf_node node = {
        .kind = MF_NODE_FRAME,
        .name = MF_SPAN("message"),
        .number = number,
        .is_cut = frame->missing > 0,
    };
    if (is_end)
        node.name = (struct mf_span){end_name, strlen(end_name)};
    else if (rpc->type && rpc->codec == MF_RPC_PROTO)
        node.type = mf_message_type_name(rpc->type);
    if (rpc->base) {
        node.offset = offset_of(rpc, frame->start);
        node.len = (uint64_t)(frame->data + frame->len - frame->start);
    }
    if (frame->flags & MF_ENVELOPE_COMPRESSED) {
        struct mf_span encoding = encoding_of(rpc, frame);
        node.also.text = also;
        node.also.len = (size_t)snprintf(
            also, sizeof also, "%zu bytes compressed with %.*s", frame->len,
            encoding.len < 40 ? (int)encoding.len : 40, encoding.text);
    }
    int rc = mf_view_open(rpc->view, &node);
    if (rc)
        return rc;
    rc = put_content(rpc, frame, end_flag, end);
    mf_view_close(rpc->view);
    return rc;
}

int mf_rpc_put_frames(const struct mf_rpc_body *rpc, const uint8_t *data,
                      size_t len, uint8_t end_flag, const char *end_name,
                      mf_rpc_end *end)
{
    if (len == 0)
        return 0;
    const uint8_t *at = data, *data_end = data + len;
    struct mf_rpc_frame frame;
    uint64_t number = 0;
    while (mf_rpc_frame_next(&at, data_end, &frame)) {
        int rc = put_frame(rpc, &frame, ++number, end_flag, end_name, end);
        if (rc)
            return rc;
    }
    if (at == data_end)
        return 0;
    struct mf_node rest = {
        .kind = MF_NODE_BYTES,
        .name = MF_SPAN("rest"),
        .bytes = {(const char *)at, (size_t)(data_end - at)},
    };
    int rc = mf_view_fault(rpc->view, offset_of(rpc, at),
                           "breaks off inside the prefix of a frame");
    return rc ? rc : mf_view_put(rpc->view, &rest);
}

#include "decode/reflection.h"

#include <string.h>

#include "codec/envelope.h"
#include "decode/grpc_impl.h"

/* Of all frames of an answer, decompressed. */
#define INFLATED_MAX_LEN ((size_t)32 << 20)

static bool ends_with(struct mf_span text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.text + text.len - len, end, len) == 0;
}

bool mf_reflection_is_url(struct mf_span url)
{
    return ends_with(
               url,
               "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo") ||
           ends_with(url, "/grpc.reflection.v1alpha.ServerReflection/"
                          "ServerReflectionInfo");
}

static struct mf_span encoding_of(const struct mf_body *body)
{
    struct mf_span encoding = mf_rpc_header(body, "grpc-encoding");
    return encoding.len ? encoding
                        : mf_rpc_header(body, "connect-content-encoding");
}

static bool learn_frame(struct mf_types *types, uint64_t origin,
                        struct mf_decoding *decoding,
                        const struct mf_rpc_frame *frame)
{
    struct mf_buf out;
    char fault[MF_RPC_FAULT_CAP];
    if (frame->missing || (frame->flags & ~MF_ENVELOPE_COMPRESSED))
        return false;
    if (!frame->flags)
        return mf_types_learn(types, origin, frame->data, frame->len);
    int rc = mf_rpc_inflate(decoding, encoding_of(decoding->body), frame->data,
                            frame->len, &out, fault);
    bool is_new =
        !rc && !fault[0] && mf_types_learn(types, origin, out.data, out.len);
    mf_buf_release(&out);
    return is_new;
}

bool mf_reflection_learn(struct mf_types *types, uint64_t origin,
                         const struct mf_body *body)
{
    const uint8_t *at = (const uint8_t *)body->data.text;
    const uint8_t *end = at + body->data.len;
    struct mf_decoding decoding = {.body = body,
                                   .inflated_left = INFLATED_MAX_LEN};
    struct mf_rpc_frame frame;
    bool is_new = false;
    while (mf_rpc_frame_next(&at, end, &frame))
        if (learn_frame(types, origin, &decoding, &frame))
            is_new = true;
    return is_new;
}

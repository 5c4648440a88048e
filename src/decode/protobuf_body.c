/* A body that is a protobuf message, or several with their lengths before
 * them. */
#include <string.h>
#include <strings.h>

#include "decode/decoders.h"
#include "decode/grpc_impl.h"
#include "decode/protobuf_reader.h"

/* The value of a parameter of a media type; empty: it has none. */
static struct mf_span parameter(struct mf_span type, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i + len < type.len; i++) {
        bool is_start =
            i > 0 && (type.text[i - 1] == ';' || type.text[i - 1] == ' ');
        if (!is_start || strncasecmp(type.text + i, name, len) != 0 ||
            type.text[i + len] != '=')
            continue;
        size_t from = i + len + 1;
        bool is_quoted = from < type.len && type.text[from] == '"';
        from += is_quoted;
        size_t to = from;
        while (to < type.len && type.text[to] != ';' &&
               type.text[to] != (is_quoted ? '"' : ' '))
            to++;
        return (struct mf_span){type.text + from, to - from};
    }
    return MF_SPAN_NONE;
}

/* Its type by what people write, else by the URL's method. */
static const struct mf_message_type *type_of(const struct mf_rpc_body *rpc,
                                             struct mf_span content_type)
{
    static const char *const names[] = {"messageType", "message", "proto",
                                        "desc"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct mf_span name = parameter(content_type, names[i]);
        const struct mf_message_type *type =
            name.len ? mf_typeset_of_url(rpc->types, name) : NULL;
        if (type)
            return type;
    }
    return rpc->type;
}

static int put_delimited(const struct mf_rpc_body *rpc, const uint8_t *data,
                         size_t len)
{
    const uint8_t *at = data, *end = data + len;
    uint64_t number = 0;
    while (at < end) {
        uint64_t wants;
        size_t head = mf_pb_varint(at, end, &wants);
        if (head == 0)
            return mf_view_fault(rpc->view, (uint64_t)(at - data),
                                 "this is no length of a message");
        size_t left = (size_t)(end - at) - head;
        size_t has = wants < left ? (size_t)wants : left;
        struct mf_node node = {
            .kind = MF_NODE_FRAME,
            .name = MF_SPAN("message"),
            .number = ++number,
            .type = rpc->type ? mf_message_type_name(rpc->type) : MF_SPAN_NONE,
            .offset = (uint64_t)(at - data),
            .len = head + has,
            .is_cut = has < wants,
        };
        int rc = mf_view_open(rpc->view, &node);
        if (rc)
            return rc;
        rc = mf_rpc_put_message(rpc, at + head, has, true);
        mf_view_close(rpc->view);
        if (rc)
            return rc;
        at += head + has;
    }
    return 0;
}

/* Its content type says nothing of the kind. */
static bool is_guessed(const struct mf_body *body)
{
    static const char word[] = "proto";
    struct mf_span type = body->content_type;
    for (size_t i = 0; i + sizeof word - 1 <= type.len; i++)
        if (strncasecmp(type.text + i, word, sizeof word - 1) == 0)
            return false;
    return true;
}

int mf_decode__protobuf(struct mf_decoding *decoding)
{
    const struct mf_body *body = decoding->body;
    const uint8_t *data = (const uint8_t *)body->data.text;
    struct mf_rpc_body rpc;
    mf_rpc_body_init(&rpc, decoding, "content-encoding");
    rpc.codec = MF_RPC_PROTO;
    rpc.type = type_of(&rpc, body->content_type);
    struct mf_span encoding = parameter(body->content_type, "encoding");
    bool is_delimited = (encoding.len == 9 &&
                         strncasecmp(encoding.text, "delimited", 9) == 0) ||
                        parameter(body->content_type, "delimited").len > 0;
    int rc = 0;
    if (is_guessed(body))
        rc = mf_view_note(rpc.view, "read as protobuf by its looks");
    if (!rc)
        rc = is_delimited
                 ? put_delimited(&rpc, data, body->data.len)
                 : mf_rpc_put_message(&rpc, data, body->data.len, true);
    mf_rpc_body_release(&rpc);
    return rc;
}

#include "service/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/encoding.h"
#include "decode/decode.h"
#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/wire.h"
#include "service/body_source.h"
#include "service/fail.h"
#include "service/node.h"
#include "service/stream.h"

enum { RESPONSE_INFO = 1, RESPONSE_END = 3, END_LIMITED = 1, END_ERROR = 2 };

enum { NODES_DEFAULT = 100000, NODES_MAX = 1000000 };

/* Of a body without its content encodings, and of all that is decompressed
 * inside it. */
#define DECODED_MAX_LEN ((size_t)64 << 20)
#define ANSWER_MAX_LEN ((size_t)64 << 20)

/* One call: the first step decodes, the others hand out what came. */
struct decode {
    struct mf_context *context;
    struct mf_body_ref ref;
    size_t node_limit;
    bool is_decoded;
    struct mf_buf nodes; /* as fields of a DecodeResponse */
    size_t sent;
    bool is_limited;
    char error[200];
};

static void decode_free(void *user)
{
    struct decode *decode = user;
    mf_body_ref_release(&decode->ref);
    mf_buf_release(&decode->nodes);
    free(decode);
}

static int sink(void *user, unsigned depth, const struct mf_node *node)
{
    struct decode *decode = user;
    return mf_node_put(depth, node, &decode->nodes);
}

/* Undo the content encodings; what breaks off shows what came. */
static void undo_encodings(struct decode *decode, struct mf_body_source *source,
                           struct mf_buf *plain)
{
    struct mf_span encoding = mf_encoding_list_value(&source->kept.encodings);
    struct mf_span wire = source->kept.wire;
    int rc = mf_encoding_decode_all(encoding.text, encoding.len, wire.text,
                                    wire.len, plain);
    if (rc == MF_EUNSUPPORTED) {
        snprintf(decode->error, sizeof decode->error,
                 "the content encoding is not known");
        return;
    }
    source->body.data = (struct mf_span){(char *)plain->data, plain->len};
    source->body.is_cut |= rc != 0;
    if (rc == MF_EFULL)
        snprintf(decode->error, sizeof decode->error,
                 "the body is longer than %zu MiB without its content "
                 "encoding: the rest is not shown here",
                 DECODED_MAX_LEN >> 20);
    else if (rc)
        snprintf(decode->error, sizeof decode->error, "content encoding: %s",
                 mf_err_message(rc));
}

static bool has(struct mf_span text, const char *what)
{
    return text.text && memmem(text.text, text.len, what, strlen(what));
}

/* What an answer answers: some kinds are told and read by both. What cannot be
 * decoded is left out, as the request's own view tells why. */
static void take_request(struct mf_body_source *source, struct mf_buf *plain)
{
    struct mf_kept_body kept;
    struct mf_span type = source->kept.content_type;
    if (source->body.place != MF_BODY_RESPONSE || !source->body.http ||
        (!has(type, "json") && !has(type, "event-stream")) ||
        !mf_flow_kept_body(mf_record_flow(source->record), MF_HALF_REQUEST,
                           &kept))
        return;
    struct mf_span encoding = mf_encoding_list_value(&kept.encodings);
    if (kept.decoded.len)
        source->http.request_body = kept.decoded;
    else if (!encoding.len)
        source->http.request_body = kept.wire;
    else if (mf_encoding_decode_all(encoding.text, encoding.len, kept.wire.text,
                                    kept.wire.len, plain) == 0)
        source->http.request_body =
            (struct mf_span){(char *)plain->data, plain->len};
}

static enum mf_header_place place_of(const struct mf_body_source *source)
{
    return source->body.place == MF_BODY_REQUEST_HEADERS ? MF_HEADER_REQUEST
                                                         : MF_HEADER_RESPONSE;
}

static int decode_source(struct decode *decode, struct mf_body_source *source)
{
    const struct mf_decode_opts opts = {
        .types = decode->context->types,
        .inflated_max = DECODED_MAX_LEN,
    };
    struct mf_view view;
    struct mf_buf plain, request;
    mf_buf_init(&plain, DECODED_MAX_LEN);
    mf_buf_init(&request, DECODED_MAX_LEN);
    if (mf_body_source_is_encoded(source))
        undo_encodings(decode, source, &plain);
    take_request(source, &request);
    mf_view_init(&view, decode->node_limit, sink, decode);
    int rc = mf_body_source_put_info(source, &source->body, RESPONSE_INFO,
                                     &decode->nodes);
    if (!rc)
        rc = source->body.place > MF_BODY_MESSAGE
                 ? mf_decode_headers(source->body.http, place_of(source), &view)
                 : mf_decode(&source->body, &opts, &view);
    decode->is_limited = view.is_limited || rc == MF_EFULL;
    mf_buf_release(&plain);
    mf_buf_release(&request);
    return rc == MF_EFULL ? 0 : rc;
}

static int decode_all(struct decode *decode, struct mf_reader *reader,
                      struct mf_err *err)
{
    struct mf_body_source source;
    int rc = mf_body_source_read(&source, reader, &decode->ref, err);
    if (!rc) {
        rc = decode_source(decode, &source);
        if (rc)
            mf_err_set(err, rc, "the body cannot be shown: %s",
                       mf_err_message(rc));
    }
    mf_body_source_release(&source);
    decode->is_decoded = rc == 0;
    return rc;
}

/* How many bytes of whole fields make one message. */
static size_t batch_len(const struct decode *decode)
{
    const uint8_t *from = decode->nodes.data + decode->sent;
    size_t left = decode->nodes.len - decode->sent;
    struct mf_cursor cursor = mf_cursor_make(from, left);
    struct mf_wire_field field;
    while ((size_t)(cursor.at - from) < MF_BATCH_MAX_LEN &&
           mf_wire_next(&cursor, &field))
        ;
    return (size_t)(cursor.at - from);
}

static int put_end(const struct decode *decode, struct mf_buf *out)
{
    size_t mark;
    int rc = mf_wire_begin(out, RESPONSE_END, &mark);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, END_LIMITED, decode->is_limited);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, END_ERROR, decode->error,
                                   strlen(decode->error));
    return rc ? rc : mf_wire_end(out, mark);
}

static int step(void *user, struct mf_reader *reader, struct mf_buf *out,
                const atomic_bool *cancel, struct mf_err *err)
{
    (void)cancel;
    struct decode *decode = user;
    int rc = decode->is_decoded ? 0 : decode_all(decode, reader, err);
    if (rc)
        return rc;
    size_t len = batch_len(decode);
    rc = mf_buf_append(out, decode->nodes.data + decode->sent, len);
    decode->sent += len;
    bool is_last = decode->sent == decode->nodes.len;
    if (!rc && is_last)
        rc = put_end(decode, out);
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : !is_last;
}

/* ---- the call ---- */

static const struct mf_stream_ops decode_ops = {.step = step,
                                                .free = decode_free};

static void on_decode(struct mf_call *call, void *user, const uint8_t *message,
                      size_t len)
{
    Mitmflow__V1__DecodeRequest *request =
        mitmflow__v1__decode_request__unpack(NULL, len, message);
    struct decode *decode = calloc(1, sizeof *decode);
    struct mf_err err;
    int rc = !request  ? mf_err_set(&err, MF_EINVAL, "malformed message")
             : !decode ? mf_err_set(&err, MF_ENOMEM, "out of memory")
                       : mf_body_ref_init(&decode->ref, request->body, message,
                                          len, &err);
    if (rc) {
        free(decode);
        mf_fail(call, &err);
    } else {
        size_t limit = request->node_limit;
        decode->context = user;
        decode->node_limit = limit == 0          ? NODES_DEFAULT
                             : limit < NODES_MAX ? limit
                                                 : NODES_MAX;
        mf_buf_init(&decode->nodes, ANSWER_MAX_LEN);
        mf_stream_start(user, call, &decode_ops, decode);
    }
    if (request)
        mitmflow__v1__decode_request__free_unpacked(request, NULL);
}

#define SERVICE "mitmflow.v1."

const struct mf_method mf_decode_methods[] = {
    {
        .path = "/" SERVICE "Service/Decode",
        .input = SERVICE "DecodeRequest",
        .output = SERVICE "DecodeResponse",
        .kind = MF_METHOD_SERVER_STREAM,
        .ops = {.on_message = on_decode,
                .on_drain = mf_stream_on_drain,
                .on_close = mf_stream_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
};
const size_t mf_decode_method_count =
    sizeof mf_decode_methods / sizeof *mf_decode_methods;

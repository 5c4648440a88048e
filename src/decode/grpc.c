/* gRPC and gRPC-Web (https://github.com/grpc/grpc/blob/master/doc, files
 * PROTOCOL-HTTP2.md and PROTOCOL-WEB.md). */
#include <string.h>
#include <strings.h>

#include "codec/base64.h"
#include "codec/envelope.h"
#include "decode/decoders.h"
#include "decode/grpc_impl.h"

/* ---- Trailers ---- */

struct trailers {
    const struct mf_rpc_body *rpc;
    bool is_open;
    bool is_status_alone; /* of headers, of which only the status is told */
    int rc;
};

static bool is_status(struct mf_span name)
{
    return name.len >= 5 && strncasecmp(name.text, "grpc-", 5) == 0 &&
           !(name.len >= 8 && strncasecmp(name.text, "grpc-acc", 8) == 0) &&
           !(name.len >= 8 && strncasecmp(name.text, "grpc-enc", 8) == 0);
}

static bool visit(void *to, struct mf_span name, struct mf_span value)
{
    struct trailers *trailers = to;
    static const struct mf_node group = {.kind = MF_NODE_GROUP,
                                         .name = MF_SPAN("trailers")};
    if (trailers->is_status_alone && !is_status(name))
        return false;
    if (!trailers->is_open)
        trailers->rc = mf_view_open(trailers->rpc->view, &group);
    trailers->is_open = trailers->is_open || trailers->rc == 0;
    if (!trailers->rc)
        trailers->rc = mf_rpc_put_trailer(trailers->rpc, name, value);
    return trailers->rc != 0;
}

/* Of HTTP; a call without messages may have its status in the headers. */
static int put_http_trailers(const struct mf_rpc_body *rpc)
{
    const struct mf_body_http *http = rpc->decoding->body->http;
    struct trailers trailers = {.rpc = rpc};
    if (!http || !http->each_header || !mf_rpc_is_response(rpc->decoding->body))
        return 0;
    http->each_header(http->user, MF_TRAILER_RESPONSE, visit, &trailers);
    trailers.is_status_alone = true;
    if (!trailers.rc)
        http->each_header(http->user, MF_HEADER_RESPONSE, visit, &trailers);
    if (trailers.is_open)
        mf_view_close(rpc->view);
    return trailers.rc;
}

static struct mf_span trimmed(struct mf_span text)
{
    while (text.len && (text.text[0] == ' ' || text.text[0] == '\t')) {
        text.text++;
        text.len--;
    }
    while (text.len &&
           (text.text[text.len - 1] == ' ' || text.text[text.len - 1] == '\r'))
        text.len--;
    return text;
}

/* The trailers of gRPC-Web are lines in a frame of their own. */
static int put_web_trailers(const struct mf_rpc_body *rpc,
                            const struct mf_rpc_frame *frame,
                            const uint8_t *data, size_t len)
{
    const char *at = (const char *)data;
    (void)frame;
    while (len > 0) {
        const char *newline = memchr(at, '\n', len);
        size_t line = newline ? (size_t)(newline - at) : len;
        const char *colon = memchr(at, ':', line);
        struct mf_span name = {at, colon ? (size_t)(colon - at) : line};
        struct mf_span value = {at + line, 0};
        if (colon)
            value = (struct mf_span){colon + 1, line - name.len - 1};
        name = trimmed(name);
        int rc = name.len ? mf_rpc_put_trailer(rpc, name, trimmed(value)) : 0;
        if (rc)
            return rc;
        line += newline != NULL;
        at += line;
        len -= line;
    }
    return 0;
}

/* ---- Bodies ---- */

int mf_decode__grpc(struct mf_decoding *decoding)
{
    const struct mf_span data = decoding->body->data;
    struct mf_rpc_body rpc;
    mf_rpc_body_init(&rpc, decoding, "grpc-encoding");
    int rc = mf_rpc_put_frames(&rpc, (const uint8_t *)data.text, data.len, 0,
                               "", NULL);
    if (!rc)
        rc = put_http_trailers(&rpc);
    mf_rpc_body_release(&rpc);
    return rc;
}

static int put_web(const struct mf_rpc_body *rpc, const uint8_t *data,
                   size_t len)
{
    int rc = mf_rpc_put_frames(rpc, data, len, MF_ENVELOPE_TRAILERS, "trailers",
                               put_web_trailers);
    return rc ? rc : put_http_trailers(rpc);
}

int mf_decode__grpc_web(struct mf_decoding *decoding)
{
    const struct mf_span data = decoding->body->data;
    struct mf_rpc_body rpc;
    mf_rpc_body_init(&rpc, decoding, "grpc-encoding");
    int rc = put_web(&rpc, (const uint8_t *)data.text, data.len);
    mf_rpc_body_release(&rpc);
    return rc;
}

/* The same in base64, of which several texts may follow each other. */
int mf_decode__grpc_web_text(struct mf_decoding *decoding)
{
    const struct mf_span text = decoding->body->data;
    struct mf_base64_reader reader = {0};
    struct mf_rpc_body rpc;
    struct mf_buf bytes;
    mf_rpc_body_init(&rpc, decoding, "grpc-encoding");
    rpc.base = NULL;
    mf_buf_init(&bytes, decoding->inflated_left);
    int broken =
        mf_base64_read(&reader, (const uint8_t *)text.text, text.len, &bytes);
    int rc = broken == MF_ENOMEM ? broken : 0;
    decoding->inflated_left -= bytes.len;
    if (!rc)
        rc = put_web(&rpc, bytes.data, bytes.len);
    if (!rc && broken == MF_EFULL)
        rc = mf_view_fault(rpc.view, 0, "there is more than may be decoded");
    else if (!rc && (broken || !mf_base64_is_whole(&reader)))
        rc = mf_view_fault(rpc.view, 0,
                           broken ? "there is something that is no base64"
                                  : "the base64 text breaks off");
    mf_buf_release(&bytes);
    mf_rpc_body_release(&rpc);
    return rc;
}

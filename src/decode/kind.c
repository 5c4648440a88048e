#include "decode/decode.h"

const char *mf_body_kind_name(enum mf_body_kind kind)
{
    static const char *const names[] = {
        [MF_BODY_UNKNOWN] = "bytes",
        [MF_BODY_EMPTY] = "empty",
        [MF_BODY_TEXT] = "text",
        [MF_BODY_JSON] = "json",
        [MF_BODY_JSON_LINES] = "json-lines",
        [MF_BODY_XML] = "xml",
        [MF_BODY_HTML] = "html",
        [MF_BODY_CSS] = "css",
        [MF_BODY_JAVASCRIPT] = "javascript",
        [MF_BODY_FORM] = "form",
        [MF_BODY_MULTIPART] = "multipart",
        [MF_BODY_EVENTS] = "events",
        [MF_BODY_GRAPHQL] = "graphql",
        [MF_BODY_GRPC] = "grpc",
        [MF_BODY_GRPC_WEB] = "grpc-web",
        [MF_BODY_GRPC_WEB_TEXT] = "grpc-web-text",
        [MF_BODY_CONNECT] = "connect",
        [MF_BODY_CONNECT_STREAM] = "connect-stream",
        [MF_BODY_CONNECT_GET] = "connect-get",
        [MF_BODY_PROTOBUF] = "protobuf",
        [MF_BODY_MSGPACK] = "msgpack",
        [MF_BODY_CBOR] = "cbor",
        [MF_BODY_DNS] = "dns",
        [MF_BODY_IMAGE] = "image",
        [MF_BODY_FONT] = "font",
        [MF_BODY_PDF] = "pdf",
        [MF_BODY_LLM] = "llm",
        [MF_BODY_AUDIO] = "audio",
        [MF_BODY_VIDEO] = "video",
        [MF_BODY_ARCHIVE] = "archive",
        [MF_BODY_SOCKET_IO] = "socket-io",
    };
    return names[kind];
}

enum mf_body_kind mf_body_kind(const struct mf_body *body)
{
    return body->data.len ? MF_BODY_UNKNOWN : MF_BODY_EMPTY;
}

const char *mf_body_sniff(struct mf_span data)
{
    (void)data;
    return "";
}

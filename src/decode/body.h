/*
 * mf_body: a body (or message) and all that decides how to read it.
 *
 * Everything is borrowed. `data` has its content encoding undone.
 */
#ifndef MF_DECODE_BODY_H
#define MF_DECODE_BODY_H

#include <stdbool.h>

#include "base/span.h"

enum mf_body_place {
    MF_BODY_REQUEST = 1, /* mitmflow.v1.BodyPlace */
    MF_BODY_RESPONSE,
    MF_BODY_MESSAGE, /* of a WebSocket, TCP or UDP flow, or a DNS message */
    MF_BODY_REQUEST_HEADERS, /* no body: what header fields have inside */
    MF_BODY_RESPONSE_HEADERS,
};

enum mf_header_place {
    MF_HEADER_REQUEST,
    MF_HEADER_RESPONSE,
    MF_TRAILER_REQUEST,
    MF_TRAILER_RESPONSE,
};

/* The HTTP exchange around a body. */
struct mf_body_http {
    struct mf_span method;
    struct mf_span url;
    int status; /* 0: no response yet */
    /* The first value of a field, without regard to case; {"", 0}: none. */
    struct mf_span (*header)(const void *user, enum mf_header_place place,
                             const char *name);
    /* Call `visit` with every field, in order, until it returns true. */
    bool (*each_header)(const void *user, enum mf_header_place place,
                        bool (*visit)(void *to, struct mf_span name,
                                      struct mf_span value),
                        void *to);
    const void *user;
    /* Of a response: the body that it answers, decoded; may be empty. */
    struct mf_span request_body;
};

struct mf_body {
    enum mf_body_place place;
    struct mf_span data;
    struct mf_span content_type;     /* as it was declared; may be empty */
    bool is_cut;                     /* the end of it is missing */
    bool is_text_message;            /* a WebSocket text message */
    bool is_dns;                     /* of a DNS flow, or of DNS over TCP */
    bool is_sender_client;           /* who sent it: the client or the server */
    const struct mf_body_http *http; /* NULL: none */
};

/* What a body is, by its declared type and by its first bytes. */
enum mf_body_kind {
    MF_BODY_UNKNOWN, /* bytes */
    MF_BODY_EMPTY,
    MF_BODY_TEXT,
    MF_BODY_JSON,
    MF_BODY_JSON_LINES,
    MF_BODY_XML,
    MF_BODY_HTML,
    MF_BODY_CSS,
    MF_BODY_JAVASCRIPT,
    MF_BODY_FORM,
    MF_BODY_MULTIPART,
    MF_BODY_EVENTS, /* server-sent events */
    MF_BODY_GRAPHQL,
    MF_BODY_GRPC,
    MF_BODY_GRPC_WEB,
    MF_BODY_GRPC_WEB_TEXT,
    MF_BODY_CONNECT, /* a unary message */
    MF_BODY_CONNECT_STREAM,
    MF_BODY_CONNECT_GET, /* in the URL */
    MF_BODY_PROTOBUF,
    MF_BODY_MSGPACK,
    MF_BODY_CBOR,
    MF_BODY_DNS,
    MF_BODY_IMAGE,
    MF_BODY_FONT,
    MF_BODY_PDF,
    MF_BODY_LLM, /* a conversation with a language model */
    MF_BODY_AUDIO,
    MF_BODY_VIDEO,
    MF_BODY_ARCHIVE,
    MF_BODY_SOCKET_IO, /* a message of Engine.IO, in WebSocket */
};

#endif

/* The messages of conformance.proto by short names. */
#ifndef CONFORMANCE_MESSAGES_H
#define CONFORMANCE_MESSAGES_H

#include "conformance.pb-c.h"

typedef Google__Protobuf__Any any_message;
typedef Connectrpc__Conformance__V1__Error error_message;
typedef Connectrpc__Conformance__V1__Header header_message;
typedef Connectrpc__Conformance__V1__ConformancePayload payload_message;
typedef Connectrpc__Conformance__V1__ConformancePayload__ConnectGetInfo
    get_info_message;
typedef Connectrpc__Conformance__V1__ConformancePayload__RequestInfo
    request_info_message;

#define ANY_INIT GOOGLE__PROTOBUF__ANY__INIT
#define HEADER_INIT CONNECTRPC__CONFORMANCE__V1__HEADER__INIT
#define PAYLOAD_INIT CONNECTRPC__CONFORMANCE__V1__CONFORMANCE_PAYLOAD__INIT
#define GET_INFO_INIT \
    CONNECTRPC__CONFORMANCE__V1__CONFORMANCE_PAYLOAD__CONNECT_GET_INFO__INIT
#define REQUEST_INFO_INIT \
    CONNECTRPC__CONFORMANCE__V1__CONFORMANCE_PAYLOAD__REQUEST_INFO__INIT

typedef Connectrpc__Conformance__V1__UnaryResponseDefinition unary_definition;
typedef Connectrpc__Conformance__V1__StreamResponseDefinition stream_definition;

/* Requests and responses of which the binary form is the same share one name:
 * IdempotentUnary's and ClientStream's are laid out as Unary's, and all
 * responses hold one payload. */
typedef Connectrpc__Conformance__V1__UnaryRequest unary_request;
typedef Connectrpc__Conformance__V1__ServerStreamRequest server_stream_request;
typedef Connectrpc__Conformance__V1__BidiStreamRequest bidi_stream_request;
typedef Connectrpc__Conformance__V1__UnaryResponse any_response;
#define ANY_RESPONSE_INIT CONNECTRPC__CONFORMANCE__V1__UNARY_RESPONSE__INIT

typedef Connectrpc__Conformance__V1__ServerCompatRequest compat_request;
typedef Connectrpc__Conformance__V1__ServerCompatResponse compat_response;
#define COMPAT_RESPONSE_INIT \
    CONNECTRPC__CONFORMANCE__V1__SERVER_COMPAT_RESPONSE__INIT

/* A message's type: what protobuf-c needs to unpack it. */
#define UNARY_REQUEST connectrpc__conformance__v1__unary_request__descriptor
#define SERVER_STREAM_REQUEST \
    connectrpc__conformance__v1__server_stream_request__descriptor
#define BIDI_STREAM_REQUEST \
    connectrpc__conformance__v1__bidi_stream_request__descriptor
#define COMPAT_REQUEST \
    connectrpc__conformance__v1__server_compat_request__descriptor

#endif

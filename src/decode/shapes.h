/*
 * Kinds of bodies that their media type does not tell: by where they went
 * and what their beginning looks like. Cheap: at most the first 64 KiB are
 * looked at. Private to src/decode; kind.c asks.
 */
#ifndef MF_DECODE_SHAPES_H
#define MF_DECODE_SHAPES_H

#include <stdbool.h>

#include "decode/body.h"

/* A GET of DNS over HTTPS (RFC 8484): its message is in the URL, and the
 * fields say that it is one. The body is empty. */
bool mf_shape_is_dns_get(const struct mf_body *body);

/* GraphQL over HTTP (body, or query of a GET) or in a WebSocket message. */
bool mf_shape_is_graphql(const struct mf_body *body);

/* A request to a language model or its answer: of JSON or a body of
 * server-sent events. */
bool mf_shape_is_llm(const struct mf_body *body);

/* A WebSocket message of Engine.IO, with or without Socket.IO in it. */
bool mf_shape_is_socket_io(const struct mf_body *body);

#endif

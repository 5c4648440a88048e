/* The decoders, one for each kind of body that has nodes. Private to
 * src/decode; decode.c has the table. */
#ifndef MF_DECODE_DECODERS_H
#define MF_DECODE_DECODERS_H

#include "decode/decode.h"

mf_decoder mf_decode__cbor;
mf_decoder mf_decode__connect;
mf_decoder mf_decode__connect_get;
mf_decoder mf_decode__connect_stream;
mf_decoder mf_decode__dns;
mf_decoder mf_decode__events;
mf_decoder mf_decode__font;
mf_decoder mf_decode__form;
mf_decoder mf_decode__graphql;
mf_decoder mf_decode__grpc;
mf_decoder mf_decode__grpc_web;
mf_decoder mf_decode__grpc_web_text;
mf_decoder mf_decode__image;
mf_decoder mf_decode__json_lines;
mf_decoder mf_decode__llm;
mf_decoder mf_decode__msgpack;
mf_decoder mf_decode__multipart;
mf_decoder mf_decode__pdf;
mf_decoder mf_decode__protobuf;
mf_decoder mf_decode__socket_io;
mf_decoder mf_decode__tokens;

#endif

/* The decoders, one for each kind of body that has nodes. Private to
 * src/decode; decode.c has the table. */
#ifndef MF_DECODE_DECODERS_H
#define MF_DECODE_DECODERS_H

#include "decode/decode.h"

mf_decoder mf_decode__cbor;
mf_decoder mf_decode__dns;
mf_decoder mf_decode__graphql;
mf_decoder mf_decode__llm;
mf_decoder mf_decode__msgpack;
mf_decoder mf_decode__socket_io;

#endif

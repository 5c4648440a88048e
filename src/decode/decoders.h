/* The decoders, one for each kind of body that has nodes. Private to
 * src/decode; decode.c has the table. */
#ifndef MF_DECODE_DECODERS_H
#define MF_DECODE_DECODERS_H

#include "decode/decode.h"

#endif

/*
 * Checks a protobuf message against its descriptor without unpacking it.
 */
#ifndef MF_PB_CHECK_H
#define MF_PB_CHECK_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Of one message, nested ones' too: about a million messages of a WebSocket.
 * Longer walks would keep a thread from others. */
enum { MF_PB_FIELDS_MAX = 4000000 };

/*
 * Walk the whole message. Unknown fields are allowed.
 *
 *  MF_ECORRUPT  malformed wire data, a known field of another wire type,
 *               or nesting deeper than 64
 *  MF_EUTF8     a string field is not UTF-8
 *  MF_EINVAL    more than MF_PB_FIELDS_MAX fields
 *
 * `err` names the field.
 */
int mf_pb_check(const ProtobufCMessageDescriptor *type, const uint8_t *data,
                size_t len, struct mf_err *err);

#endif

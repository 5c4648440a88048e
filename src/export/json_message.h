/*
 * Protobuf messages as JSON that people read, with nothing left out: fields
 * by their names in lowerCamelCase as proto3 JSON has them, enums by name,
 * times as RFC 3339, maps as objects (or as arrays of
 * {"key", "value"} if there is a NUL in a key). Bytes are a string if they are
 * text, else base64 under a name with "Base64" behind; what the descriptor does
 * not know is base64, too, as "unknownFieldsBase64".
 *
 * Numbers over 2^53 are strings, as in proto3 JSON. A field that is not on the
 * wire is left out; of one that must not be repeated the last counts.
 */
#ifndef MF_EXPORT_JSON_MESSAGE_H
#define MF_EXPORT_JSON_MESSAGE_H

#include "export/json_out.h"
#include "pb/check.h"

/* True: leave the field out. */
typedef bool mf_json_skip(const ProtobufCMessageDescriptor *type,
                          const ProtobufCFieldDescriptor *field);

#define MF_JSON_UNKNOWN "unknownFieldsBase64"
#define MF_JSON_BASE64 "Base64"

/* The members of the object that `message` is; the object is begun. `skip`
 * may be NULL. Malformed bytes are told as far as they go. */
void mf_json_put_fields(struct mf_json_out *json,
                        const ProtobufCMessageDescriptor *type,
                        struct mf_span message, mf_json_skip *skip);

/* Whether fields of this message type are the entries of a map. */
bool mf_json_is_map_entry(const ProtobufCMessageDescriptor *type);

/* `name` in lowerCamelCase; at least 64 bytes of room, always ended. */
void mf_json_camel_case(const char *name, char *ret_name, size_t size);

#endif

/*
 * Protobuf messages out of JSON, as mf_json_put_fields() writes them, and as
 * proto3 JSON has them but for bytes.
 */
#ifndef MF_EXPORT_JSON_FIELDS_H
#define MF_EXPORT_JSON_FIELDS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "pb/check.h"

/*
 * Append the fields of a message of `type` that `object` has; members that
 * are of no field are left alone. What is no object counts as an empty one.
 *
 *  MF_ECORRUPT  a member is not of its field's kind; `err` names it
 *  MF_EFULL, MF_ENOMEM
 */
int mf_json_get_fields(const json_t *object,
                       const ProtobufCMessageDescriptor *type,
                       struct mf_buf *out, struct mf_err *err);

/* A string member with any NUL in it; "" if there is none. */
struct mf_span mf_json_get_text(const json_t *object, const char *name);

/* A number member; `preset` if there is none. */
double mf_json_get_number(const json_t *object, const char *name,
                          double preset);

/* RFC 3339, with a zone's offset, any number of digits behind the second, a
 * blank for the T; ns since the epoch. False: it is no such time. */
bool mf_json_parse_time(struct mf_span text, int64_t *ret_ns);

#endif

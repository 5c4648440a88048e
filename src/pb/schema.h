/*
 * mf_schema: messages known by their descriptors, and proto3 JSON for them,
 * by libprotobuf.
 *
 * The one place where C++ is spoken; this header is C, and json.cc includes
 * it as such.
 *
 * Thread:  one mf_schema may be used from several threads at once.
 */
#ifndef MF_PB_SCHEMA_H
#define MF_PB_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct mf_schema;

/*
 * Knows what a google.protobuf.FileDescriptorSet (binary, with everything
 * that its files import, each after what it imports) describes.
 *
 *  MF_ECORRUPT  not such a set; `err` says why
 *  MF_ENOMEM
 */
int mf_schema_new(const void *set, size_t len, struct mf_schema **ret_schema,
                  struct mf_err *err);
void mf_schema_free(struct mf_schema *schema); /* NULL is allowed */

/* The set of proto/, for mf_schema_new(). */
extern const unsigned char mf_pb_descriptors[];
extern const size_t mf_pb_descriptors_len;

/*
 * JSON text to binary, appended to `out`. `type` is a full name such as
 * "mitmflow.v1.GetFlowRequest"; unknown names in the text are ignored.
 *
 *  MF_ECORRUPT  not JSON, or not of this type; `err` says where
 *  MF_ENOENT    no such type
 *  MF_EFULL, MF_ENOMEM
 */
int mf_json_to_binary(const struct mf_schema *schema, const char *type,
                      const char *text, size_t len, struct mf_buf *out,
                      struct mf_err *err);

/* Binary to JSON text, appended to `out`; errors as above. */
int mf_json_from_binary(const struct mf_schema *schema, const char *type,
                        const uint8_t *data, size_t len, struct mf_buf *out,
                        struct mf_err *err);

#endif

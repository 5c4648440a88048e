/*
 * mf_schema: messages known by their descriptors, and proto3 JSON for them,
 * by libprotobuf.
 *
 * The one place where C++ is spoken; this header is C, and its two sources
 * (schema.cc, json.cc) include it as such. No exception leaves them, and
 * libprotobuf's own log is silenced for the whole process.
 *
 * Thread:  one mf_schema may be used from several threads at once.
 * Errors:  texts in `err` are short and fit to be told to a peer.
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

/* ---- Files ---- */

/* Files have numbers from 0 on, in the order of the set. */
size_t mf_schema_file_count(const struct mf_schema *schema);

/* The files that a file imports itself, as numbers; they are lower than its
 * own. */
size_t mf_schema_import_count(const struct mf_schema *schema, size_t file);
size_t mf_schema_import_at(const struct mf_schema *schema, size_t file,
                           size_t index);

/* Append a file's google.protobuf.FileDescriptorProto, binary.
 *  MF_EFULL, MF_ENOMEM  */
int mf_schema_file_encode(const struct mf_schema *schema, size_t file,
                          struct mf_buf *out);

/*
 * The file of a name ("google/protobuf/any.proto"); that declares a symbol
 * (full name of a message, field, oneof, enum, enum value, service, method or
 * extension); or that declares extension `number` of message `type`.
 *
 *  MF_ENOENT  there is none
 *  MF_ENOMEM
 */
int mf_schema_find_file(const struct mf_schema *schema, const char *name,
                        size_t len, size_t *ret_file);
int mf_schema_find_symbol(const struct mf_schema *schema, const char *symbol,
                          size_t len, size_t *ret_file);
int mf_schema_find_extension(const struct mf_schema *schema, const char *type,
                             size_t len, int32_t number, size_t *ret_file);

/*
 * Append the number of every extension of message `type` to `out`, each an
 * int32_t.
 *
 *  MF_ENOENT  no such message
 *  MF_EFULL, MF_ENOMEM
 */
int mf_schema_extensions(const struct mf_schema *schema, const char *type,
                         size_t len, struct mf_buf *out);

/*
 * ---- JSON ----
 *
 * The proto3 JSON mapping, Any and all well-known types too, with these
 * differences, which are libprotobuf 3.21's:
 *
 * - null inside an array of plain fields or messages is skipped, one value
 *   stands for an array of one, and arrays in arrays are joined;
 * - the object form of wrappers, Timestamp and FieldMask is taken as well;
 * - an Any of google.protobuf.ListValue cannot be read from text;
 * - NaN and Infinity in google.protobuf.Value are written as strings;
 * - groups (proto2) make a message malformed.
 *
 * Nested deeper than 100 levels of text, 64 of messages or 10 Any inside each
 * other is refused, and so is text of more than 250,000 values.
 */

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

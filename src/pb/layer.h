/*
 * mf_layer: message types known by files of descriptors, on top of what is
 * known below. A layer never changes once it is made.
 *
 * By libprotobuf, behind a C header as in pb/schema.h.
 *
 * Thread:  any, several at once.
 */
#ifndef MF_PB_LAYER_H
#define MF_PB_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

struct mf_layer;
struct mf_message_type; /* both live as long as their layer */
struct mf_enum_type;

enum mf_layer_verdict {
    MF_LAYER_REFUSED,
    MF_LAYER_INCOMPLETE, /* something that it imports is not there */
    MF_LAYER_TAKEN,
};

/* One file: a google.protobuf.FileDescriptorProto, binary. */
struct mf_layer_file {
    struct mf_span name;
    struct mf_span bytes;
    enum mf_layer_verdict verdict; /* set by mf_layer_new() */
};

/*
 * A layer of `files`, in any order, whose imports are among them or below.
 * With `is_strict` one that does not resolve makes all fail: `err` names it
 * and what is missing. Without, it is left out, and so is a file whose name is
 * known below, one that declares what is known below, and one that would take
 * long.
 *
 * `under` (NULL: nothing is below) is referenced, not taken.
 *
 *  MF_ECORRUPT  with `is_strict` only; *ret_bad is the file's place
 *  MF_ENOMEM
 */
int mf_layer_new(struct mf_layer *under, struct mf_layer_file *files,
                 size_t count, bool is_strict, struct mf_layer **ret_layer,
                 size_t *ret_bad, struct mf_err *err);
struct mf_layer *mf_layer_ref(struct mf_layer *layer);
void mf_layer_unref(struct mf_layer *layer); /* NULL is allowed */

/* Message types of this layer alone. */
size_t mf_layer_count(const struct mf_layer *layer);

/* Of this layer or below. */
bool mf_layer_has_file(const struct mf_layer *layer, struct mf_span name);
/* NULL: it is not known. */
const struct mf_message_type *mf_layer_message(const struct mf_layer *layer,
                                               struct mf_span full_name);
/* What "package.Service" and "Method" take and give; false: not known. */
bool mf_layer_method(const struct mf_layer *layer, struct mf_span service,
                     struct mf_span method,
                     const struct mf_message_type **ret_input,
                     const struct mf_message_type **ret_output);

/* ---- Types ---- */

/* google.protobuf.FieldDescriptorProto.Type */
enum mf_field_kind {
    MF_FIELD_DOUBLE = 1,
    MF_FIELD_FLOAT,
    MF_FIELD_INT64,
    MF_FIELD_UINT64,
    MF_FIELD_INT32,
    MF_FIELD_FIXED64,
    MF_FIELD_FIXED32,
    MF_FIELD_BOOL,
    MF_FIELD_STRING,
    MF_FIELD_GROUP,
    MF_FIELD_MESSAGE,
    MF_FIELD_BYTES,
    MF_FIELD_UINT32,
    MF_FIELD_ENUM,
    MF_FIELD_SFIXED32,
    MF_FIELD_SFIXED64,
    MF_FIELD_SINT32,
    MF_FIELD_SINT64,
};

/* Types that are read in a way of their own. */
enum mf_known_type {
    MF_KNOWN_NONE,
    MF_KNOWN_ANY,
    MF_KNOWN_TIMESTAMP,
    MF_KNOWN_DURATION,
    MF_KNOWN_FIELD_MASK,
    MF_KNOWN_WRAPPER, /* one field, 1 */
    MF_KNOWN_STRUCT,
    MF_KNOWN_VALUE,
    MF_KNOWN_LIST,
};

struct mf_field_type {
    struct mf_span name; /* of an extension its full one */
    struct mf_span json_name;
    uint32_t number;
    enum mf_field_kind kind;
    bool is_repeated;
    bool is_packed; /* as it is declared; readers take both */
    bool is_map;    /* `message` is its entry: 1 the key, 2 the value */
    bool is_extension;
    struct mf_span oneof;                  /* its name, or empty */
    const struct mf_message_type *message; /* of messages and groups */
    const struct mf_enum_type *enumeration;
};

struct mf_span mf_message_type_name(const struct mf_message_type *type);
enum mf_known_type mf_message_type_known(const struct mf_message_type *type);

/* The field of a number, or the extension of its own layer; false: none. */
bool mf_message_type_field(const struct mf_message_type *type, uint32_t number,
                           struct mf_field_type *ret_field);

struct mf_span mf_enum_type_name(const struct mf_enum_type *type);
/* The name of a value; empty: it has none. */
struct mf_span mf_enum_type_value(const struct mf_enum_type *type,
                                  int32_t number);

/* ---- Numbers as text ---- */

/* Room for every number. */
enum { MF_NUMBER_TEXT_CAP = 32 };

/* The shortest decimal text that reads back the same; its length. */
size_t mf_print_double(double value, char text[MF_NUMBER_TEXT_CAP]);
size_t mf_print_float(float value, char text[MF_NUMBER_TEXT_CAP]);

#endif

/*
 * Reflection answers of a stranger: two of them, the second from the place
 * that the first two bytes tell; then all that is known is asked for. Of what
 * is handed over all is read back, and then what a damaged disk may give.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/reflection.h"
#include "decode/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void ask(const struct mf_types *types)
{
    static const char *const names[] = {"shapes.All", "shapes.old.Base", "p.A",
                                        "google.protobuf.Timestamp"};
    struct mf_typeset *set = mf_types_now(types);
    const struct mf_message_type *input, *output;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct mf_message_type *type = mf_typeset_message(
            set, (struct mf_span){names[i], strlen(names[i])});
        struct mf_field_type field;
        if (!type)
            continue;
        require(mf_message_type_name(type).len == strlen(names[i]));
        mf_message_type_known(type);
        for (uint32_t number = 1; number < 200; number++) {
            if (!mf_message_type_field(type, number, &field))
                continue;
            require(field.kind >= MF_FIELD_DOUBLE &&
                    field.kind <= MF_FIELD_SINT64);
            require((field.message != NULL) ==
                    (field.kind == MF_FIELD_MESSAGE ||
                     field.kind == MF_FIELD_GROUP));
            require((field.enumeration != NULL) ==
                    (field.kind == MF_FIELD_ENUM));
            if (field.enumeration)
                mf_enum_type_value(field.enumeration, 1);
        }
    }
    mf_typeset_method(set, (struct mf_span){"/p.S/M", 6}, &input, &output);
    mf_typeset_unref(set);
}

enum { KEPT_MAX = 32 };

struct shelf {
    struct mf_types_file files[KEPT_MAX];
    size_t count;
};

static bool keep(void *user, const struct mf_types_file *file)
{
    struct shelf *shelf = user;
    if (shelf->count == KEPT_MAX)
        return false;
    shelf->files[shelf->count++] = *file;
    return true;
}

static void restore(struct shelf *shelf, const uint8_t *data, size_t size)
{
    struct mf_types *types;
    require(mf_types_new(&types) == 0);
    if (shelf->count < KEPT_MAX)
        shelf->files[shelf->count++].bytes =
            (struct mf_span){(const char *)data, size};
    require(mf_types_restore(types, shelf->files, shelf->count) <=
            shelf->count);
    ask(types);
    mf_types_learn(types, 1, data, size);
    ask(types);
    mf_types_free(types);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shelf shelf = {0};
    struct mf_types *types;
    if (size < 2)
        return 0;
    size_t cut = ((size_t)data[0] << 8 | data[1]) % (size - 1);
    data += 2;
    size -= 2;
    if (cut > size)
        cut = size;
    require(mf_types_new(&types) == 0);
    struct mf_typeset *before = mf_types_now(types);
    mf_types_learn(types, 1, data, cut);
    mf_types_learn(types, 1, data + cut, size - cut);
    ask(types);
    mf_types_learn(types, 1, data, size);
    ask(types);
    /* The same as it is on the wire, in frames. */
    const struct mf_body body = {.place = MF_BODY_RESPONSE,
                                 .data = {(const char *)data, size}};
    mf_reflection_learn(types, 1, &body);
    ask(types);
    mf_types_hand_over(types, keep, &shelf);
    restore(&shelf, data, size);
    mf_typeset_unref(before);
    mf_types_free(types);
    return 0;
}

/* Headers and halves, without the generated types: the exporter uses it. */
#include "flow/details.h"

#include <string.h>

const struct mf_flow__half_fields mf_flow__request_fields = {
    .headers = 3,
    .content = 4,
    .http_version = 6,
    .trailers = 7,
    .start = 9,
    .end = 10,
    .truncated = 12,
};
const struct mf_flow__half_fields mf_flow__response_fields = {
    .headers = 2,
    .content = 3,
    .http_version = 5,
    .trailers = 6,
    .start = 8,
    .end = 9,
    .truncated = 10,
};

void mf_flow__read_line(const struct mf_wire_field *field,
                        struct mf_span *ret_name, struct mf_span *ret_value)
{
    struct mf_cursor entry = mf_cursor_make(field->data, field->len);
    struct mf_wire_field part;
    *ret_name = *ret_value = (struct mf_span){"", 0};
    while (mf_wire_next(&entry, &part)) {
        if (part.type == MF_WIRE_LEN && part.number == 1)
            *ret_name = mf_flow__span(&part);
        else if (part.type == MF_WIRE_LEN && part.number == 2)
            *ret_value = mf_flow__span(&part);
    }
}

bool mf_flow__next_line(struct mf_cursor *cursor, uint32_t numbered,
                        uint32_t map, struct mf_span *ret_name,
                        struct mf_span *ret_value)
{
    struct mf_wire_field field;
    while (mf_wire_next(cursor, &field)) {
        if (field.type != MF_WIRE_LEN ||
            (field.number != numbered && field.number != map))
            continue;
        mf_flow__read_line(&field, ret_name, ret_value);
        return true;
    }
    return false;
}

bool mf_flow__is_name(struct mf_span span, const char *lower)
{
    size_t len = strlen(lower);
    if (span.len != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = span.text[i];
        if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != lower[i])
            return false;
    }
    return true;
}

struct mf_span mf_flow__header(const struct mf_flow__half *half,
                               const struct mf_flow__half_fields *fields,
                               const char *name)
{
    struct mf_cursor cursor = mf_flow__cursor(half->message);
    struct mf_span key, value;
    while (mf_flow__next_line(&cursor, MF_HALF_HEADER_FIELDS, fields->headers,
                              &key, &value))
        if (mf_flow__is_name(key, name))
            return value;
    return (struct mf_span){"", 0};
}

struct mf_encoding_list
mf_flow__encodings(const struct mf_flow__half *half,
                   const struct mf_flow__half_fields *fields)
{
    struct mf_encoding_list list = {.joined_len = 0};
    struct mf_cursor cursor = mf_flow__cursor(half->message);
    struct mf_span key, value;
    while (mf_flow__next_line(&cursor, MF_HALF_HEADER_FIELDS, fields->headers,
                              &key, &value))
        if (mf_flow__is_name(key, "content-encoding"))
            mf_encoding_list_add(&list, value);
    return list;
}

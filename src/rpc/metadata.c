#include "rpc/metadata.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "rpc/rpc.h"

#define PREFIX "trailer-"
enum { PREFIX_LEN = sizeof PREFIX - 1 };

/* ---- Names and values ---- */

static bool is_one_of(const char *name, const char *const *list)
{
    while (*list && strcmp(name, *list) != 0)
        list++;
    return *list;
}

static bool begins_with_one_of(const char *name, const char *const *list)
{
    while (*list && strncmp(name, *list, strlen(*list)) != 0)
        list++;
    return *list;
}

bool mf_metadata_name_is_free(const char *name)
{
    /* The protocols' own, and what speaks of the connection or the body (RFC
     * 9110, section 7.6.1). */
    static const char *const kept[] = {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        NULL,
    };
    static const char *const kept_beginnings[] = {
        "grpc-", "connect-", PREFIX, "access-control-", NULL,
    };
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.");
    return len > 0 && !name[len] && !is_one_of(name, kept) &&
           !begins_with_one_of(name, kept_beginnings);
}

/* ---- Metadata ---- */

void mf_metadata_init(struct mf_metadata *metadata)
{
    mf_buf_init(&metadata->text, MF_CALL_METADATA_MAX_LEN);
}

void mf_metadata_release(struct mf_metadata *metadata)
{
    mf_buf_release(&metadata->text);
}

bool mf_metadata_is_empty(const struct mf_metadata *metadata)
{
    return metadata->text.len == 0;
}

static bool is_printable(char c)
{
    return c >= 0x20 && c <= 0x7e;
}

int mf_metadata_add(struct mf_metadata *metadata, const char *name,
                    const char *value)
{
    assert(mf_metadata_name_is_free(name));
    value += strspn(value, " \t");
    size_t name_len = strlen(name), value_len = strlen(value);
    while (value_len > 0 && strchr(" \t", value[value_len - 1]))
        value_len--;
    struct mf_buf *text = &metadata->text;
    int rc = mf_buf_reserve(text, PREFIX_LEN + name_len + value_len + 2);
    if (rc)
        return rc;
    mf_buf_append(text, PREFIX, PREFIX_LEN);
    mf_buf_append(text, name, name_len + 1);
    for (size_t i = 0; i < value_len; i++)
        mf_buf_append_byte(text, is_printable(value[i]) ? (uint8_t)value[i]
                                                        : (uint8_t)'?');
    mf_buf_append_byte(text, 0);
    return 0;
}

bool mf_metadata_next(const struct mf_metadata *metadata, size_t *position,
                      struct mf_header *ret_header)
{
    if (*position >= metadata->text.len)
        return false;
    const char *at = (const char *)metadata->text.data + *position;
    ret_header->name = at + PREFIX_LEN;
    ret_header->value = at + strlen(at) + 1;
    *position += strlen(at) + strlen(ret_header->value) + 2;
    return true;
}

/* ---- Header fields ---- */

void mf_fields_init(struct mf_fields *fields)
{
    fields->list = fields->few;
    fields->count = 0;
    fields->cap = sizeof fields->few / sizeof *fields->few;
    fields->rc = 0;
}

void mf_fields_release(struct mf_fields *fields)
{
    if (fields->list != fields->few)
        free(fields->list);
    mf_fields_init(fields);
}

static bool grow(struct mf_fields *fields)
{
    size_t cap = 2 * fields->cap;
    struct mf_header *list = calloc(cap, sizeof *list);
    if (!list)
        return false;
    memcpy(list, fields->list, fields->count * sizeof *list);
    if (fields->list != fields->few)
        free(fields->list);
    fields->list = list;
    fields->cap = cap;
    return true;
}

void mf_fields_add(struct mf_fields *fields, const char *name,
                   const char *value)
{
    if (fields->count == fields->cap && !grow(fields)) {
        fields->rc = MF_ENOMEM;
        return;
    }
    fields->list[fields->count++] = (struct mf_header){name, value};
}

void mf_fields_add_all(struct mf_fields *fields,
                       const struct mf_metadata *metadata, bool is_prefixed)
{
    struct mf_header header;
    for (size_t at = 0; mf_metadata_next(metadata, &at, &header);)
        mf_fields_add(fields, header.name - (is_prefixed ? PREFIX_LEN : 0),
                      header.value);
}

/*
 * Descriptor sets, JSON text and binary messages of strangers. The first byte
 * says which: 's', '{' (of the text), or another.
 */
#include <stdlib.h>
#include <string.h>

#include "pb/json_text.h"
#include "pb/schema.h"
#include "shapes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX_LEN = 1 << 22 };
#define TYPE "shapes.All"

static void require(int holds)
{
    if (!holds)
        abort();
}

static const struct mf_schema *shapes(void)
{
    static struct mf_schema *schema;
    if (!schema)
        require(mf_schema_new(mf_test_shapes, mf_test_shapes_len, &schema,
                              NULL) == 0);
    return schema;
}

/* What is written is JSON. */
static void from_binary(const struct mf_schema *schema, const uint8_t *data,
                        size_t len)
{
    struct mf_buf json;
    mf_buf_init(&json, OUT_MAX_LEN);
    if (mf_json_from_binary(schema, TYPE, data, len, &json, NULL) == 0)
        require(mf_json_text_check((char *)json.data, json.len, NULL) == 0);
    else
        require(json.len == 0);
    mf_buf_release(&json);
}

static void to_binary(const struct mf_schema *schema, const uint8_t *data,
                      size_t len)
{
    struct mf_buf binary;
    struct mf_err err = {0};
    mf_buf_init(&binary, OUT_MAX_LEN);
    int rc =
        mf_json_to_binary(schema, TYPE, (const char *)data, len, &binary, &err);
    require((rc == 0) == (err.text[0] == '\0'));
    if (rc == 0)
        from_binary(schema, binary.data, binary.len);
    else
        require(binary.len == 0);
    mf_buf_release(&binary);
}

static void set(const uint8_t *data, size_t len)
{
    static const char text[] =
        "{\"i32\":1,\"m\":{\"n\":1},\"any\":{\"@type\":\"a/shapes.Inner\"},"
        "\"ts\":\"2026-11-25T00:00:00Z\",\"val\":[1,{\"a\":null}],\"wi\":5,"
        "\"msi\":{\"a\":1},\"dur\":\"1s\",\"fm\":\"a,b\"}";
    static const uint8_t message[] =
        "\x08\x01\x8a\x01\x02\x08\x01\x92\x03\x12\x0a\x0e"
        "a/shapes.Inner\x12\x00";
    struct mf_schema *schema;
    struct mf_buf out;
    size_t file;
    if (mf_schema_new(data, len, &schema, NULL))
        return;
    mf_buf_init(&out, OUT_MAX_LEN);
    for (size_t i = 0; i < mf_schema_file_count(schema); i++) {
        mf_schema_file_encode(schema, i, &out);
        mf_buf_clear(&out);
        for (size_t j = 0; j < mf_schema_import_count(schema, i); j++)
            require(mf_schema_import_at(schema, i, j) < i);
    }
    mf_schema_find_symbol(schema, TYPE, strlen(TYPE), &file);
    mf_schema_find_extension(schema, TYPE, strlen(TYPE), 100, &file);
    mf_schema_extensions(schema, TYPE, strlen(TYPE), &out);
    to_binary(schema, (const uint8_t *)text, strlen(text));
    from_binary(schema, message, sizeof message - 1);
    mf_buf_release(&out);
    mf_schema_free(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0]) {
    case 's':
        set(data + 1, size - 1);
        break;
    case '{':
        to_binary(shapes(), data, size);
        break;
    default:
        from_binary(shapes(), data + 1, size - 1);
    }
    return 0;
}

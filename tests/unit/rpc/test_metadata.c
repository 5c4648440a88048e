#include "../cmocka.h"

#include <string.h>

#include "rpc/metadata.h"
#include "rpc/rpc.h"

static void assert_next(const struct mf_metadata *metadata, size_t *at,
                        const char *name, const char *value)
{
    struct mf_header header;
    assert_true(mf_metadata_next(metadata, at, &header));
    assert_string_equal(header.name, name);
    assert_string_equal(header.value, value);
}

static void metadata_comes_back_in_order_and_repeated(void **state)
{
    (void)state;
    struct mf_metadata metadata;
    struct mf_header header;
    size_t at = 0;
    mf_metadata_init(&metadata);
    assert_true(mf_metadata_is_empty(&metadata));
    assert_int_equal(mf_metadata_add(&metadata, "b", "1"), 0);
    assert_int_equal(mf_metadata_add(&metadata, "a-bin", "AA"), 0);
    assert_int_equal(mf_metadata_add(&metadata, "b", ""), 0);
    assert_false(mf_metadata_is_empty(&metadata));
    assert_next(&metadata, &at, "b", "1");
    assert_next(&metadata, &at, "a-bin", "AA");
    assert_next(&metadata, &at, "b", "");
    assert_false(mf_metadata_next(&metadata, &at, &header));
    mf_metadata_release(&metadata);
}

static void bad_bytes_in_values_do_not_survive(void **state)
{
    (void)state;
    struct mf_metadata metadata;
    size_t at = 0;
    mf_metadata_init(&metadata);
    mf_metadata_add(&metadata, "a", " \t x\r\ny: z \t");
    mf_metadata_add(&metadata, "a", "\x7f\x80\xff~ \x1f!");
    mf_metadata_add(&metadata, "a", " ");
    assert_next(&metadata, &at, "a", "x??y: z");
    assert_next(&metadata, &at, "a", "???~ ?!");
    assert_next(&metadata, &at, "a", "");
    mf_metadata_release(&metadata);
}

static void names_of_the_protocols_are_not_free(void **state)
{
    (void)state;
    static const char *const kept[] = {
        "",
        "A",
        "a b",
        "a:",
        ":status",
        "a\n",
        "\xc3\xa4",
        "connection",
        "content-type",
        "te",
        "grpc-status",
        "connect-x",
        "trailer-x",
        "trailer",
        "content-length",
        "grpc-a-bin",
        "access-control-allow-origin",
    };
    static const char *const free_names[] = {
        "x", "grpc", "a_b.c-9", "x-grpc-status", "content-types", "vary",
    };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        assert_false(mf_metadata_name_is_free(kept[i]));
    for (size_t i = 0; i < sizeof free_names / sizeof *free_names; i++)
        assert_true(mf_metadata_name_is_free(free_names[i]));
}

static void metadata_has_a_limit(void **state)
{
    (void)state;
    static char value[MF_CALL_METADATA_MAX_LEN];
    struct mf_metadata metadata;
    struct mf_header header;
    size_t at = 0;
    mf_metadata_init(&metadata);
    memset(value, 'x', sizeof value - 1);
    assert_int_equal(mf_metadata_add(&metadata, "a", value), MF_EFULL);
    assert_false(mf_metadata_next(&metadata, &at, &header));
    value[sizeof value / 2] = '\0';
    assert_int_equal(mf_metadata_add(&metadata, "a", value), 0);
    assert_int_equal(mf_metadata_add(&metadata, "a", value), MF_EFULL);
    mf_metadata_release(&metadata);
}

static void a_list_of_fields_grows(void **state)
{
    (void)state;
    struct mf_metadata metadata;
    struct mf_fields fields;
    mf_metadata_init(&metadata);
    mf_fields_init(&fields);
    for (size_t i = 0; i < 20; i++)
        mf_metadata_add(&metadata, "a", "1");
    mf_fields_add(&fields, "first", "0");
    mf_fields_add_all(&fields, &metadata, false);
    mf_fields_add_all(&fields, &metadata, true);
    assert_int_equal(fields.rc, 0);
    assert_int_equal(fields.count, 41);
    assert_string_equal(fields.list[0].name, "first");
    assert_string_equal(fields.list[20].name, "a");
    assert_string_equal(fields.list[21].name, "trailer-a");
    assert_string_equal(fields.list[40].value, "1");
    mf_fields_release(&fields);
    mf_metadata_release(&metadata);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_comes_back_in_order_and_repeated),
        cmocka_unit_test(bad_bytes_in_values_do_not_survive),
        cmocka_unit_test(names_of_the_protocols_are_not_free),
        cmocka_unit_test(metadata_has_a_limit),
        cmocka_unit_test(a_list_of_fields_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "../cmocka.h"

#include <stdio.h>
#include <string.h>

#include "store/names.h"

static struct mf_span span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

static uint32_t id_of(struct mf_names *names, enum mf_name_kind kind,
                      const char *text, bool want_new)
{
    bool is_new;
    uint32_t id = mf_names_id(names, kind, span(text), &is_new);
    assert_int_equal(is_new, want_new);
    return id;
}

static void a_text_has_one_id_of_each_kind(void **state)
{
    (void)state;
    struct mf_names *names = mf_names_new();
    assert_int_equal(id_of(names, MF_NAME_HOST, "a", true), 1);
    assert_int_equal(id_of(names, MF_NAME_HOST, "b", true), 2);
    assert_int_equal(id_of(names, MF_NAME_HOST, "a", false), 1);
    assert_int_equal(id_of(names, MF_NAME_CLIENT, "b", true), 1);
    assert_string_equal(mf_names_text(names, MF_NAME_HOST, 2).text, "b");
    assert_int_equal(mf_names_text(names, MF_NAME_HOST, 2).len, 1);
    assert_int_equal(mf_names_text(names, MF_NAME_HOST, 3).len, 0);
    assert_int_equal(mf_names_text(names, MF_NAME_HOST, UINT32_MAX).len, 0);
    assert_int_equal(mf_names_text(names, MF_NAME_HOST, 0).len, 0);
    assert_int_equal(mf_names_count(names, MF_NAME_HOST), 2);
    mf_names_free(names);
}

static void texts_that_are_empty_or_too_long_have_no_id(void **state)
{
    (void)state;
    struct mf_names *names = mf_names_new();
    char text[MF_NAME_MAX_LEN + 2];
    memset(text, 'x', sizeof text);
    text[MF_NAME_MAX_LEN + 1] = '\0';
    assert_int_equal(id_of(names, MF_NAME_HOST, "", false), 0);
    assert_int_equal(id_of(names, MF_NAME_HOST, text, false), 0);
    assert_int_equal(id_of(names, MF_NAME_HOST, text + 1, true), 1);
    mf_names_free(names);
}

static void a_full_kind_gives_new_texts_no_id(void **state)
{
    (void)state;
    struct mf_names *names = mf_names_new();
    char text[16];
    for (unsigned i = 1; i <= MF_NAMES_MAX; i++) {
        snprintf(text, sizeof text, "%u", i);
        assert_int_equal(id_of(names, MF_NAME_HOST, text, true), i);
    }
    assert_int_equal(id_of(names, MF_NAME_HOST, "new", false), 0);
    assert_int_equal(id_of(names, MF_NAME_HOST, "60000", false), 60000);
    assert_int_equal(id_of(names, MF_NAME_METHOD, "new", true), 1);
    assert_string_equal(mf_names_text(names, MF_NAME_HOST, MF_NAMES_MAX).text,
                        "65535");
    mf_names_free(names);
}

static void
names_are_read_from_their_table_but_for_impossible_ones(void **state)
{
    (void)state;
    struct mf_names *names = mf_names_new();
    sqlite3 *db;
    struct mf_err err;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(mf_names_load(names, db, &err), MF_EIO);
    assert_int_equal(
        sqlite3_exec(db,
                     "CREATE TABLE name (kind, id, text);"
                     "INSERT INTO name VALUES (0, 1, 'GET'), (1, 1, 'host'),"
                     " (1, 300, 'far'), (9, 1, 'kind'), (-1, 1, 'kind'),"
                     " (1, 0, 'zero'), (1, 70000, 'big'), (1, 2, NULL),"
                     " (1, 3, zeroblob(200)), (1, 4, CAST('n' AS BLOB))",
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(mf_names_load(names, db, &err), 0);
    assert_string_equal(mf_names_text(names, MF_NAME_METHOD, 1).text, "GET");
    assert_string_equal(mf_names_text(names, MF_NAME_HOST, 300).text, "far");
    assert_string_equal(mf_names_text(names, MF_NAME_HOST, 4).text, "n");
    assert_int_equal(mf_names_text(names, MF_NAME_HOST, 2).len, 0);
    assert_int_equal(mf_names_text(names, MF_NAME_HOST, 3).len, 0);
    assert_int_equal(mf_names_count(names, MF_NAME_HOST), 300);
    assert_int_equal(id_of(names, MF_NAME_HOST, "host", false), 1);
    assert_int_equal(id_of(names, MF_NAME_HOST, "new", true), 301);
    sqlite3_close(db);
    mf_names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_one_id_of_each_kind),
        cmocka_unit_test(texts_that_are_empty_or_too_long_have_no_id),
        cmocka_unit_test(a_full_kind_gives_new_texts_no_id),
        cmocka_unit_test(
            names_are_read_from_their_table_but_for_impossible_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

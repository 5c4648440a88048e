#include "../cmocka.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode/types.h"
#include "decode/view.h"
#include "pb/wire.h"
#include "shapes.h"
#include "types_support.h"

enum { SET_FILE = 1 };

/* A file of these bytes, whose path lasts until the next call. */
static const char *write_file(const void *data, size_t len)
{
    static char path[] = "/tmp/mitmflow-types-XXXXXX";
    strcpy(path, "/tmp/mitmflow-types-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
    close(fd);
    return path;
}

static int load(struct mf_types *types, const void *data, size_t len,
                struct mf_err *err)
{
    const char *path = write_file(data, len);
    int rc = mf_types_load(types, &path, 1, err);
    unlink(path);
    return rc;
}

/* The n-th file of the shapes. */
static bool nth_file(size_t n, struct mf_wire_field *ret_file)
{
    struct mf_cursor cursor =
        mf_cursor_make(mf_test_shapes, mf_test_shapes_len);
    while (mf_wire_next(&cursor, ret_file))
        if (ret_file->number == SET_FILE && n-- == 0)
            return true;
    return false;
}

static bool is_named(const struct mf_wire_field *file, const char *want)
{
    struct mf_wire_field name;
    return mf_wire_find(file->data, file->len, FILE_NAME, &name) &&
           name.len == strlen(want) && memcmp(name.data, want, name.len) == 0;
}

static void shapes_file(const char *name, struct mf_wire_field *ret_file)
{
    for (size_t i = 0; nth_file(i, ret_file); i++)
        if (is_named(ret_file, name))
            return;
    fail_msg("no %s", name);
}

/* ---- What every server may send ---- */

static void types_that_every_server_may_send_are_known(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    assert_true(knows(types, "google.protobuf.Timestamp"));
    assert_true(knows(types, "google.rpc.Status"));
    assert_true(knows(types, "google.rpc.BadRequest"));
    assert_true(knows(types, "grpc.health.v1.HealthCheckResponse"));
    assert_false(knows(types, "shapes.All"));
    assert_int_equal(mf_types_count(types), 0);
    mf_types_free(types);
}

static void nothing_is_known_without_types(void **state)
{
    (void)state;
    const struct mf_message_type *input, *output;
    assert_null(mf_types_now(NULL));
    assert_null(mf_typeset_message(NULL, MF_SPAN("google.rpc.Status")));
    assert_false(mf_typeset_method(NULL, MF_SPAN("/a/b"), &input, &output));
    mf_typeset_unref(NULL);
    mf_types_free(NULL);
}

static void a_method_is_found_by_its_path(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct mf_typeset *set = mf_types_now(types);
    const struct mf_message_type *input, *output;
    assert_true(mf_typeset_method(set, MF_SPAN("/grpc.health.v1.Health/Check"),
                                  &input, &output));
    struct mf_span name = mf_message_type_name(input);
    assert_string_equal(name.text, "grpc.health.v1.HealthCheckRequest");
    name = mf_message_type_name(output);
    assert_string_equal(name.text, "grpc.health.v1.HealthCheckResponse");
    assert_true(mf_typeset_method(
        set, MF_SPAN("https://a/b/grpc.health.v1.Health/Watch?c=/d"), &input,
        &output));
    assert_false(mf_typeset_method(set, MF_SPAN("/grpc.health.v1.Health/No"),
                                   &input, &output));
    assert_false(mf_typeset_method(set, MF_SPAN("Check"), &input, &output));
    assert_false(mf_typeset_method(set, MF_SPAN(""), &input, &output));
    mf_typeset_unref(set);
    mf_types_free(types);
}

/* ---- Sets ---- */

static void
a_set_makes_its_types_known_and_another_takes_its_place(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    assert_int_equal(load(types, mf_test_shapes, mf_test_shapes_len, NULL), 0);
    assert_true(knows(types, "shapes.All"));
    size_t count = mf_types_count(types);
    assert_true(count > 10);
    struct mf_typeset *before = mf_types_now(types);
    assert_int_equal(mf_types_load(types, NULL, 0, NULL), 0);
    assert_false(knows(types, "shapes.All"));
    /* Who reads goes on with what was there. */
    assert_non_null(mf_typeset_message(before, MF_SPAN("shapes.All")));
    mf_typeset_unref(before);
    mf_types_free(types);
}

static void the_files_of_a_set_may_be_in_any_order(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct mf_wire_field file;
    struct mf_buf set;
    size_t count = 0;
    mf_buf_init(&set, 1 << 20);
    while (nth_file(count, &file))
        count++;
    for (size_t i = count; i > 0; i--) {
        assert_true(nth_file(i - 1, &file));
        assert_int_equal(mf_wire_put_bytes(&set, 1, file.data, file.len), 0);
    }
    assert_int_equal(load(types, set.data, set.len, NULL), 0);
    assert_true(knows(types, "shapes.All"));
    mf_buf_release(&set);
    mf_types_free(types);
}

static void a_set_that_does_not_resolve_names_what_is_missing(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct mf_wire_field file;
    struct mf_err err = {0};
    struct mf_buf set;
    mf_buf_init(&set, 1 << 20);
    assert_int_equal(load(types, mf_test_shapes, mf_test_shapes_len, NULL), 0);
    shapes_file("extended.proto", &file);
    assert_int_equal(mf_wire_put_bytes(&set, 1, file.data, file.len), 0);
    assert_int_equal(load(types, set.data, set.len, &err), MF_ECORRUPT);
    assert_non_null(strstr(err.text, "/tmp/mitmflow-types-"));
    assert_non_null(strstr(err.text, ": extended.proto imports shapes.proto, "
                                     "which is not there"));
    /* What was known is still known. */
    assert_true(knows(types, "shapes.All"));
    mf_buf_release(&set);
    mf_types_free(types);
}

static void files_that_are_no_sets_are_refused_by_name(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct mf_err err = {0};
    const char *missing = "/tmp/mitmflow-no-such-file";
    assert_int_equal(load(types, "hello", 5, &err), MF_ECORRUPT);
    assert_non_null(strstr(err.text, ": not a descriptor set"));
    assert_int_equal(load(types, "", 0, &err), MF_ECORRUPT);
    assert_int_equal(mf_types_load(types, &missing, 1, &err), MF_ENOENT);
    assert_string_equal(
        err.text, "/tmp/mitmflow-no-such-file: No such file or directory");
    missing = "/tmp";
    assert_int_equal(mf_types_load(types, &missing, 1, &err), MF_EIO);
    assert_string_equal(err.text, "/tmp: Is a directory");
    mf_types_free(types);
}

/* ---- Fields ---- */

static struct mf_field_type field_of(const struct mf_typeset *set,
                                     const char *message, uint32_t number)
{
    struct mf_field_type field;
    const struct mf_message_type *type =
        mf_typeset_message(set, (struct mf_span){message, strlen(message)});
    assert_non_null(type);
    assert_true(mf_message_type_field(type, number, &field));
    return field;
}

static void fields_are_told_by_number(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    assert_int_equal(load(types, mf_test_shapes, mf_test_shapes_len, NULL), 0);
    struct mf_typeset *set = mf_types_now(types);
    struct mf_field_type field = field_of(set, "shapes.All", 47);
    assert_string_equal(field.name.text, "custom");
    assert_string_equal(field.json_name.text, "xCustom");
    assert_int_equal(field.kind, MF_FIELD_STRING);
    assert_false(field.is_repeated);
    field = field_of(set, "shapes.All", 20);
    assert_true(field.is_repeated && field.is_packed);
    field = field_of(set, "shapes.All", 31);
    assert_true(field.is_map);
    field = field_of(set, "shapes.All", 16);
    assert_string_equal(mf_enum_type_value(field.enumeration, -1).text,
                        "RIGHT");
    assert_int_equal(mf_enum_type_value(field.enumeration, 9).len, 0);
    field = field_of(set, "shapes.All", 41);
    assert_string_equal(field.oneof.text, "choice");
    assert_int_equal(field_of(set, "shapes.All", 45).oneof.len, 0);
    field = field_of(set, "shapes.old.Base", 100);
    assert_true(field.is_extension);
    assert_string_equal(field.name.text, "shapes.old.first");
    assert_int_equal(field_of(set, "shapes.old.Base", 2).kind, MF_FIELD_GROUP);
    assert_false(mf_message_type_field(
        mf_typeset_message(set, MF_SPAN("shapes.All")), 9999, &field));
    assert_int_equal(
        mf_message_type_known(field_of(set, "shapes.All", 54).message),
        MF_KNOWN_TIMESTAMP);
    assert_int_equal(
        mf_message_type_known(field_of(set, "shapes.All", 70).message),
        MF_KNOWN_WRAPPER);
    mf_typeset_unref(set);
    mf_types_free(types);
}

/* ---- Answers ---- */

static void what_a_reflection_answer_tells_is_learned(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct mf_wire_field file;
    shapes_file("shapes.proto", &file);
    assert_true(learn(types, &file, 1));
    assert_true(knows(types, "shapes.All"));
    assert_false(learn(types, &file, 1));
    mf_types_free(types);
}

static void a_file_waits_for_what_it_imports(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct mf_wire_field file;
    shapes_file("extended.proto", &file);
    assert_false(learn(types, &file, 1));
    assert_false(knows(types, "shapes.old.Base"));
    shapes_file("shapes.proto", &file);
    assert_true(learn(types, &file, 1));
    assert_true(knows(types, "shapes.All"));
    assert_true(knows(types, "shapes.old.Base"));
    mf_types_free(types);
}

static void what_contradicts_a_known_file_is_left_out(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct mf_wire_field file;
    struct mf_buf buf;
    mf_buf_init(&buf, 4096);
    file = make_file(&buf, "a.proto", "A", NULL);
    assert_true(learn(types, &file, 1));
    file = make_file(&buf, "a.proto", "Other", NULL);
    assert_false(learn(types, &file, 1));
    file = make_file(&buf, "other.proto", "A", NULL);
    assert_false(learn(types, &file, 1));
    assert_false(knows(types, "p.Other"));
    file = make_file(&buf, "google/protobuf/timestamp.proto", "B", NULL);
    assert_false(learn(types, &file, 1));
    mf_buf_release(&buf);
    mf_types_free(types);
}

static void a_set_wins_over_an_answer(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct mf_buf buf, set;
    mf_buf_init(&buf, 4096);
    mf_buf_init(&set, 4096);
    struct mf_wire_field file = make_file(&buf, "a.proto", "A", NULL);
    assert_true(learn(types, &file, 1));
    struct mf_typeset *now = mf_types_now(types);
    const struct mf_message_type *learned =
        mf_typeset_message(now, MF_SPAN("p.A"));
    assert_int_equal(mf_wire_put_bytes(&set, 1, file.data, file.len), 0);
    assert_int_equal(load(types, set.data, set.len, NULL), 0);
    struct mf_typeset *then = mf_types_now(types);
    assert_ptr_not_equal(mf_typeset_message(then, MF_SPAN("p.A")), learned);
    mf_typeset_unref(now);
    mf_typeset_unref(then);
    mf_buf_release(&set);
    mf_buf_release(&buf);
    mf_types_free(types);
}

static void many_answers_are_all_known(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    struct mf_types *types = new_types();
    struct mf_buf buf;
    char name[32], message[32], import[32];
    mf_buf_init(&buf, 4096);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "f%d.proto", i);
        snprintf(message, sizeof message, "M%d", i);
        snprintf(import, sizeof import, "f%d.proto", i - 1);
        struct mf_wire_field file =
            make_file(&buf, name, message, i ? import : NULL);
        assert_true(learn(types, &file, 1));
    }
    assert_int_equal(mf_types_count(types), COUNT);
    for (int i = 0; i < COUNT; i++) {
        snprintf(message, sizeof message, "p.M%d", i);
        assert_true(knows(types, message));
    }
    mf_buf_release(&buf);
    mf_types_free(types);
}

static void files_that_import_each_other_are_not_followed_for_ever(void **state)
{
    (void)state;
    enum { COUNT = 1500 };
    struct mf_types *types = new_types();
    static struct mf_buf bufs[COUNT];
    static struct mf_wire_field files[COUNT];
    char name[32], message[32], import[32];
    for (int i = 0; i < COUNT; i++) {
        mf_buf_init(&bufs[i], 4096);
        snprintf(name, sizeof name, "f%d.proto", i);
        snprintf(message, sizeof message, "M%d", i);
        snprintf(import, sizeof import, "f%d.proto", (i + 1) % COUNT);
        files[i] = make_file(&bufs[i], name, message, import);
    }
    assert_false(learn(types, files, COUNT));
    /* Without the last one it is a long chain, which is no circle but lacks
     * its end; with another end it is whole. */
    files[COUNT - 1] = make_file(&bufs[COUNT - 1], name, message, NULL);
    assert_true(learn(types, files, COUNT));
    assert_int_equal(mf_types_count(types), COUNT);
    for (int i = 0; i < COUNT; i++)
        mf_buf_release(&bufs[i]);
    mf_types_free(types);
}

static void what_is_learned_is_bounded(void **state)
{
    (void)state;
    enum { FILE_LEN = 1 << 20, COUNT = 20, UNKNOWN = 999 };
    static uint8_t ballast[FILE_LEN];
    struct mf_types *types = new_types();
    struct mf_buf buf;
    char name[32], message[32];
    size_t known = 0;
    mf_buf_init(&buf, 2 * FILE_LEN);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "f%d.proto", i);
        snprintf(message, sizeof message, "M%d", i);
        make_file(&buf, name, message, NULL);
        assert_int_equal(mf_wire_put_bytes(&buf, UNKNOWN, ballast, FILE_LEN),
                         0);
        const struct mf_wire_field file = {.data = buf.data, .len = buf.len};
        known += learn(types, &file, 1);
    }
    assert_int_equal(known, 15);
    assert_int_equal(mf_types_count(types), 15);
    mf_buf_release(&buf);
    mf_types_free(types);
}

/* ---- Threads ---- */

enum { RACE_COUNT = 200 };

struct race {
    struct mf_types *types;
    atomic_bool is_over;
};

/* Each file came after the one that it imports. */
static void *look_up(void *arg)
{
    struct race *race = arg;
    char name[32];
    bool is_last = false;
    while (!is_last) {
        is_last = atomic_load(&race->is_over);
        struct mf_typeset *set = mf_types_now(race->types);
        bool knows_next = false;
        for (int i = RACE_COUNT; i > 0; i--) {
            int len = snprintf(name, sizeof name, "p.M%d", i - 1);
            bool knows_this =
                mf_typeset_message(set, (struct mf_span){name, (size_t)len});
            if (knows_next && !knows_this)
                return race; /* the test fails */
            knows_next = knows_this;
        }
        mf_typeset_unref(set);
    }
    return NULL;
}

static void who_reads_while_types_are_learned_sees_whole_additions(void **state)
{
    (void)state;
    struct race race = {.types = new_types()};
    pthread_t readers[2];
    struct mf_buf buf;
    void *failed;
    char name[32], message[32], import[32];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, look_up, &race), 0);
    mf_buf_init(&buf, 4096);
    for (int i = 0; i < RACE_COUNT; i++) {
        snprintf(name, sizeof name, "f%d.proto", i);
        snprintf(message, sizeof message, "M%d", i);
        snprintf(import, sizeof import, "f%d.proto", i - 1);
        struct mf_wire_field file =
            make_file(&buf, name, message, i ? import : NULL);
        assert_true(learn(race.types, &file, 1));
        if (i % 50 == 0)
            assert_int_equal(
                load(race.types, mf_test_shapes, mf_test_shapes_len, NULL), 0);
    }
    atomic_store(&race.is_over, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(readers[i], &failed), 0);
        assert_null(failed);
    }
    mf_buf_release(&buf);
    mf_types_free(race.types);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_that_every_server_may_send_are_known),
        cmocka_unit_test(nothing_is_known_without_types),
        cmocka_unit_test(a_method_is_found_by_its_path),
        cmocka_unit_test(
            a_set_makes_its_types_known_and_another_takes_its_place),
        cmocka_unit_test(the_files_of_a_set_may_be_in_any_order),
        cmocka_unit_test(a_set_that_does_not_resolve_names_what_is_missing),
        cmocka_unit_test(files_that_are_no_sets_are_refused_by_name),
        cmocka_unit_test(fields_are_told_by_number),
        cmocka_unit_test(what_a_reflection_answer_tells_is_learned),
        cmocka_unit_test(a_file_waits_for_what_it_imports),
        cmocka_unit_test(what_contradicts_a_known_file_is_left_out),
        cmocka_unit_test(a_set_wins_over_an_answer),
        cmocka_unit_test(many_answers_are_all_known),
        cmocka_unit_test(
            files_that_import_each_other_are_not_followed_for_ever),
        cmocka_unit_test(what_is_learned_is_bounded),
        cmocka_unit_test(
            who_reads_while_types_are_learned_sees_whole_additions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

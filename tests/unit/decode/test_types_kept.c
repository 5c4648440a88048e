/* Types that are known again, as somebody kept what was learned. */
#include "types_support.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILES_MAX = 64 };

/* What was handed over; bytes are owned. */
struct shelf {
    struct mf_types_file files[FILES_MAX];
    size_t count;
    bool is_full; /* nothing is kept */
};

static bool keep(void *user, const struct mf_types_file *file)
{
    struct shelf *shelf = user;
    if (shelf->is_full)
        return false;
    assert_true(shelf->count < FILES_MAX);
    char *copy = malloc(file->bytes.len);
    assert_non_null(copy);
    memcpy(copy, file->bytes.text, file->bytes.len);
    struct mf_types_file *kept = &shelf->files[shelf->count++];
    *kept = *file;
    kept->bytes.text = copy;
    kept->name.text = copy + (file->name.text - file->bytes.text);
    return true;
}

/* How many files are handed over, put on the shelf. */
static size_t hand_over(struct mf_types *types, struct shelf *shelf)
{
    size_t before = shelf->count;
    mf_types_hand_over(types, keep, shelf);
    return shelf->count - before;
}

static void clear(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        free((char *)(uintptr_t)shelf->files[i].bytes.text);
    shelf->count = 0;
}

/* Learn a file with a message. */
static bool learn_file(struct mf_types *types, uint64_t origin,
                       const char *name, const char *message,
                       const char *import)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 4096);
    struct mf_wire_field file = make_file(&buf, name, message, import);
    bool is_new = learn_of(types, origin, &file, 1);
    mf_buf_release(&buf);
    return is_new;
}

static void what_is_learned_is_handed_over_once_with_its_origin(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct shelf shelf = {0};
    assert_int_equal(hand_over(types, &shelf), 0);
    learn_file(types, 7, "a.proto", "A", NULL);
    assert_int_equal(hand_over(types, &shelf), 1);
    assert_int_equal(shelf.files[0].origin, 7);
    assert_int_equal(shelf.files[0].name.len, 7);
    assert_memory_equal(shelf.files[0].name.text, "a.proto", 7);
    assert_int_equal(hand_over(types, &shelf), 0);
    learn_file(types, 8, "a.proto", "A", NULL);
    assert_int_equal(hand_over(types, &shelf), 0);
    clear(&shelf);
    mf_types_free(types);
}

static void a_file_that_waited_is_handed_over_as_of_its_own_origin(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct shelf shelf = {0};
    learn_file(types, 7, "b.proto", "B", "a.proto");
    assert_int_equal(hand_over(types, &shelf), 0);
    assert_true(learn_file(types, 8, "a.proto", "A", NULL));
    assert_int_equal(hand_over(types, &shelf), 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(shelf.files[i].origin,
                         shelf.files[i].name.text[0] == 'b' ? 7 : 8);
    clear(&shelf);
    mf_types_free(types);
}

static void what_was_kept_is_known_again_in_any_order(void **state)
{
    (void)state;
    struct mf_types *types = new_types(), *later = new_types();
    struct shelf shelf = {0};
    learn_file(types, 1, "a.proto", "A", NULL);
    learn_file(types, 1, "b.proto", "B", "a.proto");
    assert_int_equal(hand_over(types, &shelf), 2);
    mf_types_free(types);
    struct mf_types_file first = shelf.files[0];
    shelf.files[0] = shelf.files[1];
    shelf.files[1] = first;
    assert_int_equal(mf_types_restore(later, shelf.files, 2), 2);
    assert_true(knows(later, "p.A"));
    assert_true(knows(later, "p.B"));
    assert_int_equal(mf_types_count(later), 2);
    assert_int_equal(hand_over(later, &shelf), 0);
    /* And others go on top of them. */
    assert_true(learn_file(later, 2, "c.proto", "C", "b.proto"));
    assert_int_equal(hand_over(later, &shelf), 1);
    clear(&shelf);
    mf_types_free(later);
}

static void what_was_lost_is_handed_over_when_it_comes_again(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct shelf shelf = {0};
    learn_file(types, 1, "a.proto", "A", NULL);
    learn_file(types, 1, "b.proto", "B", NULL);
    assert_int_equal(hand_over(types, &shelf), 2);
    clear(&shelf);
    mf_types_lost(types);
    assert_int_equal(hand_over(types, &shelf), 0);
    assert_false(learn_file(types, 5, "b.proto", "B", NULL));
    assert_int_equal(hand_over(types, &shelf), 1);
    assert_int_equal(shelf.files[0].name.text[0], 'b');
    assert_int_equal(shelf.files[0].origin, 5);
    assert_false(learn_file(types, 6, "b.proto", "B", NULL));
    assert_int_equal(hand_over(types, &shelf), 0);
    clear(&shelf);
    mf_types_free(types);
}

static void
what_could_not_be_kept_is_handed_over_when_it_comes_again(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct shelf shelf = {.is_full = true};
    learn_file(types, 1, "a.proto", "A", NULL);
    assert_int_equal(hand_over(types, &shelf), 0);
    shelf.is_full = false;
    assert_int_equal(hand_over(types, &shelf), 0);
    learn_file(types, 1, "a.proto", "A", NULL);
    assert_int_equal(hand_over(types, &shelf), 1);
    clear(&shelf);
    mf_types_free(types);
}

static void nothing_in_what_was_kept_is_trusted(void **state)
{
    (void)state;
    struct mf_types *types = new_types();
    struct mf_buf a, other, lacks;
    mf_buf_init(&a, 4096);
    mf_buf_init(&other, 4096);
    mf_buf_init(&lacks, 4096);
    make_file(&a, "a.proto", "A", NULL);
    make_file(&other, "a.proto", "Other", NULL);
    make_file(&lacks, "b.proto", "B", "none.proto");
    const struct mf_types_file files[] = {
        {.bytes = MF_SPAN("")},
        {.bytes = MF_SPAN("\xff\xff\xff\xff\xff")},
        {.bytes = MF_SPAN("\x0a\x07"
                          "x.proto\x22\xff")},
        {.name = MF_SPAN("wrong"), .bytes = {(const char *)a.data, a.len}},
        {.bytes = {(const char *)other.data, other.len}},
        {.bytes = {(const char *)lacks.data, lacks.len}},
    };
    assert_int_equal(
        mf_types_restore(types, files, sizeof files / sizeof *files), 1);
    assert_true(knows(types, "p.A"));
    assert_int_equal(mf_types_count(types), 1);
    /* The one that lacks an import goes on waiting for it. */
    assert_true(learn_file(types, 1, "none.proto", "None", NULL));
    assert_true(knows(types, "p.B"));
    mf_buf_release(&a);
    mf_buf_release(&other);
    mf_buf_release(&lacks);
    mf_types_free(types);
}

static void what_is_restored_is_bounded(void **state)
{
    (void)state;
    enum { FILE_LEN = 1 << 20, COUNT = 20, UNKNOWN = 999 };
    static uint8_t ballast[FILE_LEN];
    static struct mf_buf bufs[COUNT];
    struct mf_types_file files[COUNT] = {0};
    struct mf_types *types = new_types();
    char name[32], message[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "f%d.proto", i);
        snprintf(message, sizeof message, "M%d", i);
        mf_buf_init(&bufs[i], 2 * FILE_LEN);
        make_file(&bufs[i], name, message, NULL);
        assert_int_equal(
            mf_wire_put_bytes(&bufs[i], UNKNOWN, ballast, FILE_LEN), 0);
        files[i].bytes =
            (struct mf_span){(const char *)bufs[i].data, bufs[i].len};
    }
    assert_int_equal(mf_types_restore(types, files, COUNT), 15);
    assert_int_equal(mf_types_restore(types, files + 15, 5), 0);
    for (int i = 0; i < COUNT; i++)
        mf_buf_release(&bufs[i]);
    mf_types_free(types);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_learned_is_handed_over_once_with_its_origin),
        cmocka_unit_test(
            a_file_that_waited_is_handed_over_as_of_its_own_origin),
        cmocka_unit_test(what_was_kept_is_known_again_in_any_order),
        cmocka_unit_test(what_was_lost_is_handed_over_when_it_comes_again),
        cmocka_unit_test(
            what_could_not_be_kept_is_handed_over_when_it_comes_again),
        cmocka_unit_test(nothing_in_what_was_kept_is_trusted),
        cmocka_unit_test(what_is_restored_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

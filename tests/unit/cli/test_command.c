#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

struct read {
    const char *dir, *name;
    bool yes;
    const char *words[2];
    size_t count;
    bool help;
    struct mf_err err;
};

static const struct mf_command command = {
    .name = "try", .usage = "WORD [WORD]", .help = "a command"};

/* Arguments after the command's name, ended by NULL. */
static int read(struct read *read, const char *const *arguments)
{
    char *argv[16] = {"try"};
    int argc = 1;
    *read = (struct read){.dir = "preset"};
    const struct mf_command_flag flags[] = {
        {.name = "data-dir",
         .value = "DIR",
         .help = "",
         .ret_text = &read->dir},
        {.name = "name", .value = "NAME", .help = "", .ret_text = &read->name},
        {.name = "yes", .help = "", .ret_yes = &read->yes},
        {0},
    };
    for (; arguments[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    return mf_command_read(&command, argc, argv, flags, 1, 2, read->words,
                           &read->count, &read->help, &read->err);
}
#define READ(r, ...) read(r, (const char *const[]){__VA_ARGS__, NULL})

static void flags_and_words_come_in_any_order(void **state)
{
    struct read r;
    (void)state;
    assert_int_equal(READ(&r, "a", "--data-dir", "d", "-yes", "b"), 0);
    assert_string_equal(r.dir, "d");
    assert_true(r.yes);
    assert_int_equal(r.count, 2);
    assert_string_equal(r.words[0], "a");
    assert_string_equal(r.words[1], "b");
    assert_int_equal(READ(&r, "--name=n=m", "a"), 0);
    assert_string_equal(r.name, "n=m");
    assert_string_equal(r.dir, "preset");
}

static void after_two_dashes_all_is_words(void **state)
{
    struct read r;
    (void)state;
    assert_int_equal(READ(&r, "--", "--yes", "-"), 0);
    assert_false(r.yes);
    assert_string_equal(r.words[0], "--yes");
    assert_int_equal(READ(&r, "-"), 0);
    assert_string_equal(r.words[0], "-");
}

static void the_environment_is_weaker_than_the_command_line(void **state)
{
    struct read r;
    (void)state;
    setenv("MITMFLOW_DATA_DIR", "there", 1);
    assert_int_equal(READ(&r, "a"), 0);
    assert_string_equal(r.dir, "there");
    assert_int_equal(READ(&r, "a", "--data-dir=here"), 0);
    assert_string_equal(r.dir, "here");
    unsetenv("MITMFLOW_DATA_DIR");
}

static void wrong_usage_is_told(void **state)
{
    struct read r;
    (void)state;
    assert_int_equal(READ(&r, "--nothing", "a"), MF_EINVAL);
    assert_non_null(strstr(r.err.text, "--nothing"));
    assert_int_equal(READ(&r, "---yes", "a"), MF_EINVAL);
    assert_int_equal(READ(&r, "--yes=1", "a"), MF_EINVAL);
    assert_int_equal(READ(&r, "a", "--data-dir"), MF_EINVAL);
    assert_int_equal(READ(&r, "a", "--data-dir="), MF_EINVAL);
    assert_int_equal(READ(&r, "a", "b", "c"), MF_EINVAL);
    assert_non_null(strstr(r.err.text, "\"c\""));
    assert_int_equal(READ(&r, "--yes"), MF_EINVAL);
    assert_non_null(strstr(r.err.text, "usage: mitmflow try WORD [WORD]"));
}

static void help_is_printed_whatever_else_there_is(void **state)
{
    struct read r;
    (void)state;
    assert_int_equal(READ(&r, "--help", "--nothing"), 0);
    assert_true(r.help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_and_words_come_in_any_order),
        cmocka_unit_test(after_two_dashes_all_is_words),
        cmocka_unit_test(the_environment_is_weaker_than_the_command_line),
        cmocka_unit_test(wrong_usage_is_told),
        cmocka_unit_test(help_is_printed_whatever_else_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

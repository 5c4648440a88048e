#include "../cmocka.h"

#include <stdio.h>
#include <string.h>

#include "cli/config.h"
#include "cli/flags.h"

static int apply(struct mf_options *options, const char *text, size_t len,
                 struct mf_err *err)
{
    *options = (struct mf_options){0};
    mf_flags_preset(options);
    char *kept = mf_options_keep(options, text, len);
    assert_non_null(kept);
    return mf_config_apply(options, "a.conf", kept, len, err);
}

static void refuses(const char *text, const char *error)
{
    struct mf_options options;
    struct mf_err err = {0};
    assert_int_equal(apply(&options, text, strlen(text), &err), MF_EINVAL);
    assert_string_equal(err.text, error);
    mf_options_release(&options);
}

static void lines_are_names_and_values_with_blanks_and_comments(void **state)
{
    (void)state;
    static const char text[] = "# how we run it\n"
                               "\n"
                               "  data-dir\t=  /var/lib/my flows#1  # here\r\n"
                               "addr=127.0.0.1:1\n"
                               "addr = unix:/run/a=b\n"
                               "\t# none\n"
                               "insecure = true\n";
    struct mf_options options;
    assert_int_equal(apply(&options, text, sizeof text - 1, NULL), 0);
    assert_string_equal(options.data_dir, "/var/lib/my flows#1");
    assert_int_equal(options.addrs.count, 2);
    assert_string_equal(options.addrs.values[0], "127.0.0.1:1");
    assert_string_equal(options.addrs.values[1], "unix:/run/a=b");
    assert_true(options.insecure);
    mf_options_release(&options);
}

static void the_last_line_needs_no_end(void **state)
{
    (void)state;
    struct mf_options options;
    assert_int_equal(apply(&options, "max-flows = 7", 13, NULL), 0);
    assert_int_equal(options.max_flows, 7);
    mf_options_release(&options);
    assert_int_equal(apply(&options, "", 0, NULL), 0);
    mf_options_release(&options);
}

static void errors_name_the_file_and_the_line(void **state)
{
    (void)state;
    refuses("\n# x\nnope = 1\n",
            "a.conf:3: unknown name \"nope\"; see mitmflow --help");
    refuses("--addr = a:1\n",
            "a.conf:1: unknown name \"--addr\"; see mitmflow --help");
    refuses("addr a:1\n",
            "a.conf:1: a line says \"name = value\", not \"addr a:1\"");
    refuses("= 1\n", "a.conf:1: unknown name \"\"; see mitmflow --help");
    refuses("addr =\n", "a.conf:1: addr needs a value");
    refuses("max-flows = 1\n\nmax-flows = 1\n",
            "a.conf:3: max-flows is given a second time");
    refuses("max-flows = many\n",
            "a.conf:1: max-flows takes a whole number, not \"many\"");
    refuses("insecure = yes\n",
            "a.conf:1: insecure takes true or false, not \"yes\"");
    refuses("config = b.conf\n", "a.conf:1: config cannot be given here");
    refuses("help = true\n", "a.conf:1: help cannot be given here");
}

static void a_nul_is_refused(void **state)
{
    (void)state;
    static const char text[] = "max-flows = 1\nhost = a\0b\n";
    struct mf_options options;
    struct mf_err err;
    assert_int_equal(apply(&options, text, sizeof text - 1, &err), MF_EINVAL);
    assert_string_equal(err.text, "a.conf:2: there is a NUL");
    mf_options_release(&options);
}

static void a_list_has_an_end(void **state)
{
    (void)state;
    char text[2048];
    size_t len = 0;
    for (int i = 0; i <= MF_OPTION_VALUES_MAX; i++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "host = h%d\n", i);
    refuses(text, "a.conf:33: host is given more than 32 times");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_names_and_values_with_blanks_and_comments),
        cmocka_unit_test(the_last_line_needs_no_end),
        cmocka_unit_test(errors_name_the_file_and_the_line),
        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(a_list_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

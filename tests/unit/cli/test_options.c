#include "../cmocka.h"

#include <string.h>

#include "cli/options.h"

#define PARSE(options, err, ...) \
    parse((const char *const[]){"mitmflow", ##__VA_ARGS__, NULL}, options, err)

static int parse(const char *const *argv, struct mf_options *options,
                 struct mf_err *err)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    return mf_options_parse(argc, (char **)argv, options, err);
}

static void without_flags_the_defaults_hold(void **state)
{
    (void)state;
    struct mf_options options;
    assert_int_equal(PARSE(&options, NULL), 0);
    assert_int_equal(options.addrs.count, 1);
    assert_string_equal(options.addrs.values[0], "127.0.0.1:50051");
    assert_string_equal(options.data_dir, "mitmflow_data");
    assert_int_equal(options.max_flows, 0);
    assert_false(options.insecure);
}

static void flags_take_one_dash_or_two_and_values_either_way(void **state)
{
    (void)state;
    struct mf_options options;
    assert_int_equal(PARSE(&options, NULL, "serve", "-addr", "a:1",
                           "--addr=b:2", "-data-dir=/x", "--max-flows", "12",
                           "--host", "n", "--insecure"),
                     0);
    assert_int_equal(options.addrs.count, 2);
    assert_string_equal(options.addrs.values[0], "a:1");
    assert_string_equal(options.addrs.values[1], "b:2");
    assert_string_equal(options.data_dir, "/x");
    assert_int_equal(options.max_flows, 12);
    assert_string_equal(options.hosts.values[0], "n");
    assert_true(options.insecure);
}

static void wrong_usage_is_told_by_name(void **state)
{
    (void)state;
    struct mf_options options;
    struct mf_err err;
    assert_int_equal(PARSE(&options, &err, "--nope"), MF_EINVAL);
    assert_non_null(strstr(err.text, "--nope"));
    assert_int_equal(PARSE(&options, &err, "word"), MF_EINVAL);
    assert_int_equal(PARSE(&options, &err, "---addr", "a:1"), MF_EINVAL);
    assert_int_equal(PARSE(&options, &err, "--addr"), MF_EINVAL);
    assert_non_null(strstr(err.text, "--addr"));
    assert_int_equal(PARSE(&options, &err, "--addr="), MF_EINVAL);
    assert_int_equal(PARSE(&options, &err, "--insecure=yes"), MF_EINVAL);
    assert_int_equal(PARSE(&options, &err, "--max-flows", "-1"), MF_EINVAL);
    assert_int_equal(PARSE(&options, &err, "--max-flows", "12x"), MF_EINVAL);
    assert_int_equal(
        PARSE(&options, &err, "--max-flows", "99999999999999999999"),
        MF_EINVAL);
    assert_non_null(strstr(err.text, "99999999999999999999"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_flags_the_defaults_hold),
        cmocka_unit_test(flags_take_one_dash_or_two_and_values_either_way),
        cmocka_unit_test(wrong_usage_is_told_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/flags.h"

#define ARGS(...) ((const char *const[]){"mitmflow", ##__VA_ARGS__, NULL})
#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

static int read_all(const char *const *argv, const char *const *environment,
                    struct mf_options *options, struct mf_err *err)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    return mf_options_read(argc, (char **)argv, (char **)environment, options,
                           err);
}

/* What it is refused with. */
static const char *refusal_in(const char *const *argv,
                              const char *const *environment)
{
    static struct mf_err err;
    struct mf_options options;
    err.text[0] = '\0';
    assert_int_equal(read_all(argv, environment, &options, &err), MF_EINVAL);
    mf_options_release(&options);
    assert_non_null(err.text);
    assert_int_equal(strcspn(err.text, "\n"), strlen(err.text));
    return err.text;
}

#define REFUSAL(...) refusal_in(ARGS(__VA_ARGS__), ENV("PATH=/bin"))

static const char *write_file(const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/mf-options-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
    return path;
}

static void without_flags_the_defaults_hold(void **state)
{
    (void)state;
    struct mf_options options;
    assert_int_equal(read_all(ARGS("serve"), ENV("PATH=/bin"), &options, NULL),
                     0);
    assert_int_equal(options.addrs.count, 1);
    assert_string_equal(options.addrs.values[0], "127.0.0.1:50051");
    assert_int_equal(options.ingest_addrs.count, 0);
    assert_string_equal(options.data_dir, "mitmflow_data");
    assert_int_equal(options.max_flows, 0);
    assert_int_equal(options.max_bytes, UINT64_C(10) << 30);
    assert_int_equal(options.max_age_ms, 0);
    assert_int_equal(options.log_format, MF_LOG_TEXT);
    assert_int_equal(options.log_level, MF_LOG_INFO);
    assert_int_equal(options.max_head_len, 64 << 10);
    assert_int_equal(options.max_message_len, 256 << 20);
    assert_int_equal(options.first_timeout_ms, 10000);
    assert_int_equal(options.stop_grace_ms, 3000);
    assert_null(options.config);
    assert_null(options.tls_cert);
    assert_false(options.insecure);
    mf_options_release(&options);
}

static void flags_take_one_dash_or_two_and_values_either_way(void **state)
{
    (void)state;
    struct mf_options options;
    assert_int_equal(
        read_all(ARGS("serve", "-addr", "a:1", "--addr=b:2", "-data-dir=/x",
                      "--max-flows", "12", "--host", "n", "--insecure",
                      "--log-level", "debug", "-log-format=json",
                      "--max-head=8KiB", "--idle-timeout", "90s"),
                 ENV("PATH=/bin"), &options, NULL),
        0);
    assert_int_equal(options.addrs.count, 2);
    assert_string_equal(options.addrs.values[0], "a:1");
    assert_string_equal(options.addrs.values[1], "b:2");
    assert_string_equal(options.data_dir, "/x");
    assert_int_equal(options.max_flows, 12);
    assert_string_equal(options.hosts.values[0], "n");
    assert_true(options.insecure);
    assert_int_equal(options.log_level, MF_LOG_DEBUG);
    assert_int_equal(options.log_format, MF_LOG_JSON);
    assert_int_equal(options.max_head_len, 8192);
    assert_int_equal(options.idle_timeout_ms, 90000);
    mf_options_release(&options);
}

static void limits_of_what_is_kept_have_units_and_can_be_off(void **state)
{
    (void)state;
    struct mf_options options;
    assert_int_equal(read_all(ARGS("--max-size", "2TiB", "--max-age=90m"),
                              ENV("PATH=/bin"), &options, NULL),
                     0);
    assert_int_equal(options.max_bytes, UINT64_C(2) << 40);
    assert_int_equal(options.max_age_ms, 90 * 60 * 1000);
    mf_options_release(&options);
    assert_int_equal(read_all(ARGS("--max-size=0", "--max-age", "0"),
                              ENV("MITMFLOW_MAX_AGE=30d"), &options, NULL),
                     0);
    assert_int_equal(options.max_bytes, 0);
    assert_int_equal(options.max_age_ms, 0);
    mf_options_release(&options);
    assert_non_null(strstr(REFUSAL("--max-size", "10GB"), "GiB or TiB"));
    assert_non_null(strstr(REFUSAL("--max-age", "12"), "ms, s, m, h or d"));
    assert_non_null(strstr(REFUSAL("--max-age", "36501d"), "to 36500d"));
}

static void wrong_usage_is_told_by_name(void **state)
{
    (void)state;
    assert_non_null(strstr(REFUSAL("--nope"), "unknown flag --nope"));
    assert_non_null(strstr(REFUSAL("--nope=x"), "unknown flag --nope;"));
    assert_non_null(strstr(REFUSAL("word"), "\"word\""));
    assert_non_null(strstr(REFUSAL("---addr", "a:1"), "---addr"));
    assert_non_null(strstr(REFUSAL("--addr"), "--addr needs"));
    assert_non_null(strstr(REFUSAL("--addr="), "--addr needs"));
    assert_non_null(strstr(REFUSAL("--insecure=yes"), "true or false"));
    assert_non_null(strstr(REFUSAL("--max-flows", "-1"), "whole number"));
    assert_non_null(strstr(REFUSAL("--max-flows", "12x"), "\"12x\""));
    assert_non_null(strstr(REFUSAL("--max-flows", "99999999999999999999"),
                           "99999999999999999999"));
    assert_non_null(strstr(REFUSAL("--ping-timeout", "0s"), "from 1ms to 1d"));
    assert_non_null(strstr(REFUSAL("--max-head", "1"), "from 4KiB to 1MiB"));
    assert_non_null(
        strstr(REFUSAL("--log-level", "all"), "debug, info, warn, error"));
}

static void flags_of_later_versions_are_refused_wherever_they_stand(void **s)
{
    (void)s;
    static const char *const later[] = {"token-file", "trust-proxy",
                                        "auth-header"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        char flag[32], line[64];
        snprintf(flag, sizeof flag, "--%s", later[i]);
        assert_non_null(strstr(REFUSAL(flag, "x"), "not supported"));
        snprintf(line, sizeof line, "%s = x\n", later[i]);
        const char *path = write_file(line);
        assert_non_null(strstr(REFUSAL("--config", path), "not supported"));
        unlink(path);
    }
    assert_non_null(
        strstr(refusal_in(ARGS("serve"), ENV("MITMFLOW_TOKEN_FILE=/x")),
               "MITMFLOW_TOKEN_FILE is not supported"));
}

static void tls_files_come_together(void **state)
{
    (void)state;
    assert_non_null(strstr(REFUSAL("--tls-cert", "a"), "needs --tls-key"));
    assert_non_null(strstr(REFUSAL("--tls-key", "a"), "needs --tls-cert"));
    assert_non_null(
        strstr(REFUSAL("--tls-client-ca", "a"), "needs --tls-cert"));
    struct mf_options options;
    assert_int_equal(read_all(ARGS("--tls-cert", "a", "--tls-client-ca", "c"),
                              ENV("MITMFLOW_TLS_KEY=b"), &options, NULL),
                     0);
    assert_string_equal(options.tls_key, "b");
    mf_options_release(&options);
}

static void no_address_is_given_twice(void **state)
{
    (void)state;
    assert_non_null(
        strstr(REFUSAL("--addr", "a:1", "--addr", "A:1"), "A:1 is given"));
    assert_non_null(strstr(REFUSAL("--addr", "a:1", "--ingest-addr", "a:1"),
                           "a:1 is given twice"));
    assert_non_null(strstr(REFUSAL("--addr", "unix:/a", "--addr", "unix:/a"),
                           "unix:/a is given twice"));
    struct mf_options options;
    assert_int_equal(
        read_all(ARGS("--addr", "a:0", "--addr", "a:0", "--addr", "unix:/a",
                      "--addr", "unix:/A", "--ingest-addr", "127.0.0.1:00"),
                 ENV("PATH=/bin"), &options, NULL),
        0);
    mf_options_release(&options);
}

static void a_flag_wins_over_the_environment_and_that_over_the_file(void **s)
{
    (void)s;
    const char *path = write_file("max-flows = 1\n"
                                  "data-dir = /file\n"
                                  "host = file\n"
                                  "host = file2\n"
                                  "addr = file:1\n"
                                  "ingest-addr = file:2\n"
                                  "ingest-addr = file:3\n"
                                  "insecure = true\n"
                                  "stop-grace = 1s\n");
    char config[96];
    snprintf(config, sizeof config, "MITMFLOW_CONFIG=%s", path);
    struct mf_options options;
    struct mf_err err;
    int rc = read_all(
        ARGS("--max-flows", "3", "--addr", "flag:1", "--insecure=false"),
        ENV(config, "MITMFLOW_MAX_FLOWS=2", "MITMFLOW_DATA_DIR=/env",
            "MITMFLOW_HOST=env", "MITMFLOW_ADDR=env:1,env:2",
            "MITMFLOW_INSECURE=1"),
        &options, &err);
    unlink(path);
    assert_int_equal(rc, 0);
    assert_int_equal(options.max_flows, 3);
    assert_string_equal(options.data_dir, "/env");
    assert_int_equal(options.addrs.count, 1);
    assert_string_equal(options.addrs.values[0], "flag:1");
    assert_int_equal(options.hosts.count, 1);
    assert_string_equal(options.hosts.values[0], "env");
    assert_int_equal(options.ingest_addrs.count, 2);
    assert_string_equal(options.ingest_addrs.values[1], "file:3");
    assert_int_equal(options.stop_grace_ms, 1000);
    assert_false(options.insecure);
    mf_options_release(&options);
}

static void what_is_overridden_is_checked_all_the_same(void **state)
{
    (void)state;
    assert_non_null(strstr(
        refusal_in(ARGS("--max-flows", "1"), ENV("MITMFLOW_MAX_FLOWS=x")),
        "MITMFLOW_MAX_FLOWS takes a whole number"));
}

static void environment_lists_are_separated_by_commas(void **state)
{
    (void)state;
    struct mf_options options;
    assert_int_equal(read_all(ARGS("serve"),
                              ENV("MITMFLOW_HOST=a, b ,c", "MITMFLOW_ADDR="),
                              &options, NULL),
                     0);
    assert_int_equal(options.hosts.count, 3);
    assert_string_equal(options.hosts.values[1], "b");
    assert_string_equal(options.hosts.values[2], "c");
    assert_string_equal(options.addrs.values[0], "127.0.0.1:50051");
    mf_options_release(&options);
    assert_non_null(strstr(refusal_in(ARGS("serve"), ENV("MITMFLOW_HOST=a,,b")),
                           "MITMFLOW_HOST needs a value"));
}

static void unknown_variables_of_our_prefix_are_remembered(void **state)
{
    (void)state;
    struct mf_options options;
    assert_int_equal(
        read_all(ARGS("serve"),
                 ENV("MITMFLOW_TOKEN=secret", "MITMFLOW_MAXFLOWS=1",
                     "MITMFLOW_max_flows=1", "MITMFLOW_HELP=1", "MITMFLOW_",
                     "MITMFLOW_=", "MITMFLOWX=1", "OTHER=2"),
                 &options, NULL),
        0);
    assert_int_equal(options.strangers.count, 4);
    assert_string_equal(options.strangers.values[0], "MITMFLOW_MAXFLOWS=1");
    assert_string_equal(options.strangers.values[1], "MITMFLOW_max_flows=1");
    assert_string_equal(options.strangers.values[2], "MITMFLOW_HELP=1");
    assert_false(options.help);
    mf_options_release(&options);
}

static void help_and_version_look_at_nothing_else(void **state)
{
    (void)state;
    struct mf_options options;
    assert_int_equal(
        read_all(ARGS("--help"), ENV("MITMFLOW_MAX_FLOWS=x"), &options, NULL),
        0);
    assert_true(options.help);
    mf_options_release(&options);
    assert_int_equal(read_all(ARGS("--version", "--config", "/nope"),
                              ENV("PATH=/bin"), &options, NULL),
                     0);
    assert_true(options.version);
    mf_options_release(&options);
}

static void a_file_that_cannot_be_read_is_a_failure_not_wrong_usage(void **s)
{
    (void)s;
    struct mf_options options;
    struct mf_err err;
    assert_int_equal(
        read_all(ARGS("--config", "/nope/x"), ENV("PATH=/bin"), &options, &err),
        MF_EIO);
    assert_string_equal(err.text, "cannot read --config /nope/x: No such file "
                                  "or directory");
    mf_options_release(&options);
    assert_int_equal(
        read_all(ARGS("--config", "/"), ENV("PATH=/bin"), &options, &err),
        MF_EIO);
    mf_options_release(&options);
}

static void help_names_every_flag_in_80_columns(void **state)
{
    (void)state;
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    mf_flags_print_help(out);
    fclose(out);
    for (size_t i = 0; i < mf_flag_count; i++) {
        char flag[64];
        snprintf(flag, sizeof flag, "  --%s ", mf_flags[i].name);
        assert_int_equal(strstr(text, flag) != NULL,
                         mf_flags[i].kind != MF_FLAG_LATER);
    }
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 0, 80);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_flags_the_defaults_hold),
        cmocka_unit_test(flags_take_one_dash_or_two_and_values_either_way),
        cmocka_unit_test(limits_of_what_is_kept_have_units_and_can_be_off),
        cmocka_unit_test(wrong_usage_is_told_by_name),
        cmocka_unit_test(
            flags_of_later_versions_are_refused_wherever_they_stand),
        cmocka_unit_test(tls_files_come_together),
        cmocka_unit_test(no_address_is_given_twice),
        cmocka_unit_test(
            a_flag_wins_over_the_environment_and_that_over_the_file),
        cmocka_unit_test(what_is_overridden_is_checked_all_the_same),
        cmocka_unit_test(environment_lists_are_separated_by_commas),
        cmocka_unit_test(unknown_variables_of_our_prefix_are_remembered),
        cmocka_unit_test(help_and_version_look_at_nothing_else),
        cmocka_unit_test(
            a_file_that_cannot_be_read_is_a_failure_not_wrong_usage),
        cmocka_unit_test(help_names_every_flag_in_80_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

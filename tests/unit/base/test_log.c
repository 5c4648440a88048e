#include "../cmocka.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* What mf_log() writes to stderr, after its time. */
static const char *logged(enum mf_log_level level, const char *text)
{
    static char line[4096];
    int pipes[2], saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    mf_log(level, "%s", text);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipes[1]);
    ssize_t len = read(pipes[0], line, sizeof line - 1);
    close(pipes[0]);
    assert_true(len >= 0);
    line[len] = '\0';
    return line;
}

static void a_line_of_text_has_time_level_and_no_control_characters(void **s)
{
    (void)s;
    mf_log_set_format(MF_LOG_TEXT);
    const char *line = logged(MF_LOG_WARN, "a\nb\x1b \"c\" \xc3\xa4");
    assert_int_equal(line[10], 'T');
    assert_int_equal(line[23], 'Z');
    assert_string_equal(line + 24, " warn a\\x0ab\\x1b \"c\" \xc3\xa4\n");
}

static void a_json_line_is_one_object(void **state)
{
    (void)state;
    mf_log_set_format(MF_LOG_JSON);
    const char *line = logged(MF_LOG_INFO, "a\n\"b\" \\ \xc3\xa4 \x7f");
    assert_memory_equal(line, "{\"time\":\"20", 11);
    assert_string_equal(line + strlen("{\"time\":\"2026-01-01T00:00:00.000Z\""),
                        ",\"level\":\"info\",\"text\":\"a\\u000a\\\"b\\\" "
                        "\\\\ \xc3\xa4 \\u007f\"}\n");
}

static void what_is_not_utf8_is_replaced_in_json(void **state)
{
    (void)state;
    mf_log_set_format(MF_LOG_JSON);
    const char *line =
        logged(MF_LOG_INFO, "\xff \xc3 \xe2\x82\xac \xf0\x9f\x98\x80 \xc3");
    assert_non_null(strstr(line, "\"text\":\"\\ufffd \\ufffd \xe2\x82\xac "
                                 "\xf0\x9f\x98\x80 \\ufffd\"}\n"));
}

static void a_line_that_is_too_long_is_cut_and_still_whole(void **state)
{
    (void)state;
    char text[3000];
    for (int fill = 0; fill < 2; fill++) {
        memset(text, fill ? '"' : 'x', sizeof text);
        text[sizeof text - 1] = '\0';
        mf_log_set_format(MF_LOG_JSON);
        const char *line = logged(MF_LOG_INFO, text);
        size_t len = strlen(line);
        assert_in_range(len, 1000, 1024);
        assert_string_equal(line + len - 3, "\"}\n");
        /* Never half an escape. */
        assert_int_equal(line[len - 4], fill ? '"' : 'x');
        assert_int_equal(line[len - 5], fill ? '\\' : 'x');
        mf_log_set_format(MF_LOG_TEXT);
        line = logged(MF_LOG_INFO, text);
        len = strlen(line);
        assert_in_range(len, 1000, 1024);
        assert_int_equal(line[len - 1], '\n');
    }
}

static void lines_below_the_level_are_dropped(void **state)
{
    (void)state;
    mf_log_set_format(MF_LOG_TEXT);
    assert_string_equal(logged(MF_LOG_DEBUG, "x"), "");
    mf_log_set_level(MF_LOG_DEBUG);
    assert_string_not_equal(logged(MF_LOG_DEBUG, "x"), "");
    mf_log_set_level(MF_LOG_ERROR);
    assert_string_equal(logged(MF_LOG_WARN, "x"), "");
    assert_string_not_equal(logged(MF_LOG_ERROR, "x"), "");
    mf_log_set_level(MF_LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_line_of_text_has_time_level_and_no_control_characters),
        cmocka_unit_test(a_json_line_is_one_object),
        cmocka_unit_test(what_is_not_utf8_is_replaced_in_json),
        cmocka_unit_test(a_line_that_is_too_long_is_cut_and_still_whole),
        cmocka_unit_test(lines_below_the_level_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Rules as texts, and the key. */
#include "../cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exporter/redact/redact.h"

static const uint8_t KEY[MF_REDACT_KEY_LEN];

static int load(const char *rule, struct mf_err *err)
{
    struct mf_redactor *redactor = NULL;
    int rc = mf_redactor_new(&rule, 1, KEY, &redactor, err);
    if (!rc)
        assert_non_null(redactor);
    mf_redactor_free(redactor);
    return rc;
}

static void rules_that_are_right_are_taken(void **state)
{
    (void)state;
    static const char *const RULES[] = {
        "header authorization",
        "  header authorization, cookie,set-cookie x-api-*  ",
        "header x-key host=*.example.com,api.other.org",
        "query token, access_token",
        "form password type=multipart/form-data",
        "json $.user.password, $..token, $.items[*].secret, $['a, b'][3].*",
        "json $",
        "regex /\\b\\d{16}\\b/",
        "regex /a\\/b/i in body|url host=x.org",
        "regex /a b host=/ in header",
        "skip-body",
        "skip-body type=image/*,video/* size>1MiB host=*.example.com",
        "skip-body size>0",
        "skip-flow host=secret.example",
    };
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
        struct mf_err err = {0};
        if (load(RULES[i], &err))
            fail_msg("%s", err.text);
    }
}

static void a_wrong_rule_is_named_by_its_place_and_text(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *says;
    } WRONG[] = {
        {"", "it is empty"},
        {"headers a", "it begins with"},
        {"header", "it says not what to look for"},
        {"header host=a", "it says not what to look for"},
        {"header a,", "nothing stands after a comma"},
        {"header a,,b", "an empty name"},
        {"header a size>1", "no such option"},
        {"header a type=x", "no such option"},
        {"header a host=", "an empty name"},
        {"header a host=b host=c", "twice"},
        {"header a host=b c", "unknown word"},
        {"json user", "it begins with $"},
        {"json $.", "a key is missing"},
        {"json $[x]", "in brackets"},
        {"json $['x]", "does not end"},
        {"json $x", "expected . or ["},
        {"regex abc", "between slashes"},
        {"regex /abc", "no slash at its end"},
        {"regex //", "the regex is empty"},
        {"regex /(/", "of the regex: "},
        {"regex /(*UTF)a/", "of the regex: "},
        {"regex /a/q", "flags"},
        {"regex /a/ in cookies", "a regex looks in"},
        {"regex /a/ b", "unknown word"},
        {"skip-body size>x", "needs a number"},
        {"skip-body size>1MB", "KiB"},
        {"skip-body image/*", "unknown word"},
        {"skip-flow", "needs a host="},
        {"header \xff", "not UTF-8"},
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        const char *rules[] = {"header a", WRONG[i].rule};
        struct mf_redactor *redactor = NULL;
        struct mf_err err = {0};
        assert_int_equal(mf_redactor_new(rules, 2, KEY, &redactor, &err), -1);
        assert_null(redactor);
        if (!strstr(err.text, WRONG[i].says) || !strstr(err.text, "rule 2, \""))
            fail_msg("\"%s\": %s", WRONG[i].rule, err.text);
        if (WRONG[i].rule[0] && !strstr(err.text, WRONG[i].rule))
            fail_msg("\"%s\" is not named: %s", WRONG[i].rule, err.text);
    }
}

static void too_long_a_rule_is_refused(void **state)
{
    (void)state;
    char rule[5000];
    struct mf_err err = {0};
    memset(rule, 'a', sizeof rule - 1);
    rule[sizeof rule - 1] = 0;
    memcpy(rule, "header ", 7);
    assert_int_not_equal(load(rule, &err), 0);
    assert_non_null(strstr(err.text, "too long"));
}

static void no_rules_are_no_redactor(void **state)
{
    (void)state;
    struct mf_redactor *redactor = (struct mf_redactor *)state;
    assert_int_equal(mf_redactor_new(NULL, 0, KEY, &redactor, NULL), 0);
    assert_null(redactor);
}

/* ---- the key ---- */

static char folder[] = "/tmp/mf-key-XXXXXX", path[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/key", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void the_key_is_made_once_and_is_private(void **state)
{
    (void)state;
    uint8_t first[MF_REDACT_KEY_LEN] = {0}, second[MF_REDACT_KEY_LEN] = {0};
    struct stat status;
    struct mf_err err;
    assert_int_equal(mf_redact_load_key(path, first, &err), 0);
    assert_memory_not_equal(first, second, sizeof first);
    assert_int_equal(mf_redact_load_key(path, second, &err), 0);
    assert_memory_equal(first, second, sizeof first);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(unlink(path), 0);
}

static void a_key_that_others_may_read_is_refused(void **state)
{
    (void)state;
    uint8_t key[MF_REDACT_KEY_LEN];
    struct mf_err err;
    assert_int_equal(mf_redact_load_key(path, key, &err), 0);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_not_equal(mf_redact_load_key(path, key, &err), 0);
    assert_non_null(strstr(err.text, "others may read it"));
    assert_int_equal(unlink(path), 0);
}

static void a_file_that_is_no_key_is_refused_and_kept(void **state)
{
    (void)state;
    uint8_t key[MF_REDACT_KEY_LEN];
    struct mf_err err;
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "short", 5), 5);
    close(fd);
    assert_int_not_equal(mf_redact_load_key(path, key, &err), 0);
    assert_non_null(strstr(err.text, "not a key"));
    assert_int_equal(unlink(path), 0);
}

static void a_key_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    uint8_t key[MF_REDACT_KEY_LEN];
    struct mf_err err;
    assert_int_not_equal(mf_redact_load_key("/nowhere/at/all", key, &err), 0);
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

static void processes_that_start_at_once_have_one_key(void **state)
{
    (void)state;
    enum { CHILDREN = 8 };
    uint8_t keys[CHILDREN][MF_REDACT_KEY_LEN];
    int go[2], pipes[CHILDREN][2];
    assert_int_equal(pipe(go), 0);
    for (int i = 0; i < CHILDREN; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            uint8_t key[MF_REDACT_KEY_LEN] = {0};
            char c;
            close(go[1]);
            if (read(go[0], &c, 1) < 0 || mf_redact_load_key(path, key, NULL))
                _exit(1);
            _exit(write(pipes[i][1], key, sizeof key) != sizeof key);
        }
        close(pipes[i][1]);
    }
    close(go[1]); /* all of them go */
    close(go[0]);
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(read(pipes[i][0], keys[i], sizeof keys[i]),
                         MF_REDACT_KEY_LEN);
        close(pipes[i][0]);
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
        assert_memory_equal(keys[i], keys[0], sizeof keys[i]);
    }
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_that_are_right_are_taken),
        cmocka_unit_test(a_wrong_rule_is_named_by_its_place_and_text),
        cmocka_unit_test(too_long_a_rule_is_refused),
        cmocka_unit_test(no_rules_are_no_redactor),
        cmocka_unit_test(the_key_is_made_once_and_is_private),
        cmocka_unit_test(a_key_that_others_may_read_is_refused),
        cmocka_unit_test(a_file_that_is_no_key_is_refused_and_kept),
        cmocka_unit_test(a_key_that_cannot_be_made_is_told),
        cmocka_unit_test(processes_that_start_at_once_have_one_key),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

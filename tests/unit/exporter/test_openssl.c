#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "exporter/sender/transport.h"

static void end_otherwise(void)
{
    _exit(3);
}

/* A thread of ours may still use it while the process ends. */
static void nothing_is_cleaned_up_at_exit(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct mf_tls_config config = {0};
        struct mf_tls *tls = NULL;
        if (mf_tls_new(&config, &tls, NULL))
            _exit(1);
        mf_tls_free(tls);
        if (OPENSSL_atexit(end_otherwise) != 1)
            _exit(2);
        exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_cleaned_up_at_exit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

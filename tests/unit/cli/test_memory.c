/* The options, with the Nth allocation failing, for every N. */
#include "../cmocka.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../wrap_memory.h"
#include "cli/options.h"

static int allocations_left;

static bool is_out(void)
{
    return allocations_left-- <= 0;
}

static void reading_says_so_and_leaves_nothing_behind(void **state)
{
    (void)state;
    allocations_left = INT_MAX;
    char path[] = "/tmp/mf-options-XXXXXX", config[64];
    int fd = mkstemp(path);
    static const char text[] = "host = a\nmax-flows = 3\n";
    assert_int_equal(write(fd, text, sizeof text - 1), (int)sizeof text - 1);
    close(fd);
    snprintf(config, sizeof config, "MITMFLOW_CONFIG=%s", path);
    char *argv[] = {"mitmflow", "--insecure", NULL};
    char *environment[] = {"MITMFLOW_ADDR=a:1,b:1", config, NULL};
    int rc = MF_ENOMEM, steps = 0;
    for (int allowed = 0; rc; allowed++, steps++) {
        struct mf_options options;
        struct mf_err err = {0};
        allocations_left = allowed;
        rc = mf_options_read(2, argv, environment, &options, &err);
        allocations_left = INT_MAX;
        mf_options_release(&options);
        if (rc) {
            assert_int_equal(rc, MF_ENOMEM);
            assert_string_equal(err.text, "out of memory");
        }
    }
    assert_in_range(steps, 3, 10);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_says_so_and_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

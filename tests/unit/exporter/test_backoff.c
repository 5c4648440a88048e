#include "../cmocka.h"

#include "base/clock.h"
#include "exporter/sender/backoff.h"

#define MS ((int64_t)MF_NS_PER_MS)

static void waits_double_up_to_five_seconds(void **state)
{
    (void)state;
    static const int64_t steps[] = {100,  200,  400,  800, 1600,
                                    3200, 5000, 5000, 5000};
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct mf_backoff backoff;
        mf_backoff_init(&backoff, seed * 7919);
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            int64_t wait = mf_backoff_next_ns(&backoff);
            assert_true(wait >= steps[i] * MS / 2 && wait <= steps[i] * MS);
        }
        mf_backoff_reset(&backoff);
        assert_true(mf_backoff_next_ns(&backoff) <= 100 * MS);
    }
}

static void exporters_do_not_come_at_once(void **state)
{
    (void)state;
    struct mf_backoff a, b;
    mf_backoff_init(&a, 1000);
    mf_backoff_init(&b, 2000);
    assert_true(mf_backoff_next_ns(&a) != mf_backoff_next_ns(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_five_seconds),
        cmocka_unit_test(exporters_do_not_come_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

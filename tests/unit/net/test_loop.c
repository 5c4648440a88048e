#include "../cmocka.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "net/loop.h"

enum { FILL = 0x5a };

/* A timer, and what took the place of its memory. */
struct ending {
    struct mf_timer *timer;
    uint8_t *next;
    size_t next_len;
};

static void never(void *arg)
{
    (void)arg;
    fail();
}

static void free_timer(void *arg)
{
    struct ending *ending = arg;
    ending->next_len = malloc_usable_size(ending->timer);
    mf_timer_free(ending->timer);
    ending->next = malloc(ending->next_len);
    assert_non_null(ending->next);
    memset(ending->next, FILL, ending->next_len);
}

static void start_timer(void *arg)
{
    mf_timer_start(arg, 0, 0);
}

static void a_timer_that_a_last_post_frees_is_not_touched_again(void **state)
{
    (void)state;
    struct mf_loop *loop;
    struct ending ending = {0};
    assert_int_equal(mf_loop_new(&loop, NULL), 0);
    ending.timer = mf_timer_new(loop, never, NULL);
    assert_non_null(ending.timer);
    mf_timer_start(ending.timer, 1, 1);
    assert_int_equal(mf_loop_post(loop, free_timer, &ending), 0);
    mf_loop_free(loop);
    for (size_t i = 0; i < ending.next_len; i++)
        assert_int_equal(ending.next[i], FILL);
    free(ending.next);
}

static void a_timer_may_outlive_the_loop_and_does_not_fire(void **state)
{
    (void)state;
    struct mf_loop *loop;
    assert_int_equal(mf_loop_new(&loop, NULL), 0);
    struct mf_timer *timer = mf_timer_new(loop, never, NULL);
    assert_non_null(timer);
    assert_int_equal(mf_loop_post(loop, start_timer, timer), 0);
    mf_loop_free(loop);
    mf_timer_start(timer, 0, 0);
    mf_timer_stop(timer);
    mf_timer_free(timer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_that_a_last_post_frees_is_not_touched_again),
        cmocka_unit_test(a_timer_may_outlive_the_loop_and_does_not_fire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

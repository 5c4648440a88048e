#include "../cmocka.h"

#include <string.h>

#include "net/loop.h"
#include "service/session.h"

enum { GRACE_MS = 30 };

struct fixture {
    struct mf_loop *loop;
    struct mf_sessions *sessions;
    int gone;
    char last[80];
};

static void on_gone(void *user, const char *id)
{
    struct fixture *fixture = user;
    fixture->gone++;
    strncpy(fixture->last, id, sizeof fixture->last - 1);
    mf_loop_stop(fixture->loop);
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    *state = &fixture;
    if (mf_loop_new(&fixture.loop, NULL))
        return -1;
    fixture.sessions =
        mf_sessions_new(fixture.loop, GRACE_MS, on_gone, &fixture);
    return fixture.sessions ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    mf_sessions_free(fixture->sessions);
    mf_loop_free(fixture->loop);
    return 0;
}

static void a_stream_without_a_name_is_gone_with_its_end(void **state)
{
    struct fixture *fixture = *state;
    struct mf_session *a = mf_session_open(fixture->sessions, NULL);
    struct mf_session *b = mf_session_open(fixture->sessions, NULL);
    assert_string_not_equal(mf_session_id(a), mf_session_id(b));
    mf_session_close(a);
    assert_int_equal(fixture->gone, 1);
    mf_session_close(b);
    assert_int_equal(fixture->gone, 2);
}

static void a_named_session_is_gone_only_after_its_grace(void **state)
{
    struct fixture *fixture = *state;
    struct mf_session *first = mf_session_open(fixture->sessions, "s1");
    struct mf_session *second = mf_session_open(fixture->sessions, "s1");
    assert_ptr_equal(first, second);
    mf_session_close(first);
    mf_session_close(second);
    assert_int_equal(fixture->gone, 0);
    mf_loop_run(fixture->loop); /* until on_gone stops it */
    assert_int_equal(fixture->gone, 1);
    assert_string_equal(fixture->last, "s1");
}

static void a_session_that_comes_back_in_time_is_not_gone(void **state)
{
    struct fixture *fixture = *state;
    mf_session_close(mf_session_open(fixture->sessions, "s1"));
    struct mf_session *again = mf_session_open(fixture->sessions, "s1");
    mf_session_close(mf_session_open(fixture->sessions, "s2"));
    mf_loop_run(fixture->loop);
    assert_int_equal(fixture->gone, 1);
    assert_string_equal(fixture->last, "s2");
    mf_session_close(again);
}

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOOP(a_stream_without_a_name_is_gone_with_its_end),
        WITH_LOOP(a_named_session_is_gone_only_after_its_grace),
        WITH_LOOP(a_session_that_comes_back_in_time_is_not_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

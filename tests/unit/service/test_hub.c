#include "../cmocka.h"

#include <stddef.h>
#include <string.h>

#include "service/hub.h"

struct listener {
    struct mf_subscriber subscriber;
    struct mf_hub *hub;
    struct listener *drops; /* unsubscribed when called */
    int calls;
};

static void on_change(struct mf_subscriber *subscriber)
{
    struct listener *listener =
        (struct listener *)((char *)subscriber -
                            offsetof(struct listener, subscriber));
    listener->calls++;
    if (listener->drops)
        mf_hub_unsubscribe(listener->hub, &listener->drops->subscriber);
}

static void listen(struct mf_hub *hub, struct listener *listener)
{
    *listener =
        (struct listener){.subscriber.on_change = on_change, .hub = hub};
    mf_hub_subscribe(hub, &listener->subscriber);
}

static void publish_deletion(struct mf_hub *hub, uint64_t change)
{
    const struct mf_change gone = {.change = change, .number = change + 1000};
    mf_hub_publish(hub, &gone, 1, 7);
}

static void changes_are_found_by_number_until_they_are_too_old(void **state)
{
    (void)state;
    struct mf_hub *hub = mf_hub_new(100, 3);
    assert_int_equal(mf_hub_flow_count(hub), 3);
    assert_null(mf_hub_change(hub, 100));
    for (uint64_t change = 101; change <= 100 + 10000; change++)
        publish_deletion(hub, change);
    assert_int_equal(mf_hub_head(hub), 10100);
    assert_int_equal(mf_hub_flow_count(hub), 7);
    assert_int_equal(mf_hub_change(hub, 10100)->number, 11100);
    assert_int_equal(mf_hub_change(hub, 10100 - 8191)->number, 11100 - 8191);
    assert_null(mf_hub_change(hub, 10100 - 8192));
    assert_null(mf_hub_change(hub, 101));
    assert_null(mf_hub_change(hub, 10101));
    mf_hub_free(hub);
}

static void changes_that_the_store_had_at_start_are_passed_over(void **state)
{
    (void)state;
    struct mf_hub *hub = mf_hub_new(100, 3);
    publish_deletion(hub, 99);
    publish_deletion(hub, 100);
    assert_int_equal(mf_hub_head(hub), 100);
    publish_deletion(hub, 101);
    assert_int_equal(mf_hub_head(hub), 101);
    mf_hub_free(hub);
}

static void subscribers_may_leave_while_they_are_called(void **state)
{
    (void)state;
    struct listener a, b, c;
    struct mf_hub *hub = mf_hub_new(0, 0);
    listen(hub, &c);
    listen(hub, &b);
    listen(hub, &a); /* called first */
    a.drops = &b;
    publish_deletion(hub, 1);
    assert_int_equal(a.calls, 1);
    assert_int_equal(b.calls, 0);
    assert_int_equal(c.calls, 1);
    a.drops = &a;
    publish_deletion(hub, 2);
    publish_deletion(hub, 3);
    assert_int_equal(a.calls, 2);
    assert_int_equal(c.calls, 3);
    mf_hub_unsubscribe(hub, &b.subscriber); /* again: nothing happens */
    mf_hub_unsubscribe(hub, &c.subscriber);
    mf_hub_free(hub);
}

static void long_changes_leave_sooner(void **state)
{
    enum { NOTE_LEN = 64 << 10, CHANGES = 2048 };
    static char note[NOTE_LEN + 1];
    (void)state;
    struct mf_hub *hub = mf_hub_new(0, 0);
    memset(note, 'n', NOTE_LEN);
    for (uint64_t number = 1; number <= CHANGES; number++) {
        const struct mf_record_head head = {
            .number = number, .source = "", .note = note};
        struct mf_record *record = mf_record_new(&head, NULL, NULL, 0);
        const struct mf_change change = {
            .change = number, .number = number, .record = record};
        mf_hub_publish(hub, &change, 1, number);
        mf_record_unref(record);
    }
    assert_non_null(mf_hub_change(hub, CHANGES));
    assert_non_null(mf_hub_change(hub, CHANGES - 500));
    assert_null(mf_hub_change(hub, 500));
    mf_hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_found_by_number_until_they_are_too_old),
        cmocka_unit_test(changes_that_the_store_had_at_start_are_passed_over),
        cmocka_unit_test(subscribers_may_leave_while_they_are_called),
        cmocka_unit_test(long_changes_leave_sooner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "../cmocka.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "mitmflow/v1/mitmflow.pb-c.h"
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

static void subscribe_to(struct mf_hub *hub, struct listener *listener,
                         enum mf_hub_part part)
{
    *listener = (struct listener){
        .subscriber = {.part = part, .on_change = on_change}, .hub = hub};
    mf_hub_subscribe(hub, &listener->subscriber);
}

static void take_deletion(struct mf_hub *hub, uint64_t change)
{
    const struct mf_change gone = {.change = change, .number = change + 1000};
    mf_hub_take(hub, &gone, 1);
}

/* Of flow number `change`, with a note of `note_len` bytes. */
static void take_record(struct mf_hub *hub, uint64_t change, size_t note_len)
{
    char *note = malloc(note_len + 1);
    memset(note, 'n', note_len);
    note[note_len] = 0;
    const struct mf_record_head head = {
        .number = change, .change = change, .source = "", .note = note};
    const struct mf_change taken = {.change = change,
                                    .number = change,
                                    .is_new = true,
                                    .record =
                                        mf_record_new(&head, NULL, NULL, 0)};
    assert_non_null(taken.record);
    mf_hub_take(hub, &taken, 1);
    free(note);
}

/* What a viewer reads of the changes after `after`; the caller frees it. */
static Mitmflow__V1__WatchFlowsResponse *
read_summaries(const struct mf_hub *hub, uint64_t after, size_t max_len,
               size_t max_count, uint64_t *ret_last)
{
    struct mf_buf out;
    mf_buf_init(&out, SIZE_MAX);
    assert_int_equal(mf_hub_put(hub, after, max_len, max_count, &out, ret_last),
                     0);
    Mitmflow__V1__WatchFlowsResponse *response =
        mitmflow__v1__watch_flows_response__unpack(NULL, out.len, out.data);
    assert_non_null(response);
    mf_buf_release(&out);
    return response;
}

static bool holds_summary(const struct mf_hub *hub, uint64_t number)
{
    struct mf_buf out;
    uint64_t last;
    mf_buf_init(&out, SIZE_MAX);
    int rc = mf_hub_put(hub, number - 1, 1, 1, &out, &last);
    mf_buf_release(&out);
    return rc == 0;
}

static void records_are_found_by_number_until_they_are_too_old(void **state)
{
    (void)state;
    struct listener listener;
    struct mf_hub *hub = mf_hub_new(100);
    subscribe_to(hub, &listener, MF_HUB_RECORDS);
    assert_null(mf_hub_change(hub, 100));
    for (uint64_t change = 101; change <= 100 + 10000; change++)
        take_deletion(hub, change);
    assert_int_equal(mf_hub_head(hub), 10100);
    assert_int_equal(mf_hub_change(hub, 10100)->number, 11100);
    assert_int_equal(mf_hub_change(hub, 10100 - 8000)->number, 11100 - 8000);
    assert_null(mf_hub_change(hub, 10100 - 8192));
    assert_null(mf_hub_change(hub, 101));
    assert_null(mf_hub_change(hub, 10101));
    mf_hub_unsubscribe(hub, &listener.subscriber);
    mf_hub_free(hub);
}

static void summaries_are_read_from_any_change_on(void **state)
{
    (void)state;
    struct listener listener;
    struct mf_hub *hub = mf_hub_new(0);
    subscribe_to(hub, &listener, MF_HUB_SUMMARIES);
    for (uint64_t change = 1; change <= 1000; change++)
        if (change % 10)
            take_record(hub, change, change % 7);
        else
            take_deletion(hub, change);
    for (uint64_t after = 0; after < 1000; after += 37) {
        uint64_t last, at = after, flows = 0, gone = 0;
        while (at < 1000) {
            Mitmflow__V1__WatchFlowsResponse *response =
                read_summaries(hub, at, 2000, 300, &last);
            assert_true(last > at && last <= 1000);
            assert_int_equal(response->n_flows + response->n_gone, last - at);
            if (response->n_flows)
                assert_int_equal(response->flows[0]->number,
                                 at + 1 + ((at + 1) % 10 == 0));
            flows += response->n_flows;
            gone += response->n_gone;
            at = last;
            mitmflow__v1__watch_flows_response__free_unpacked(response, NULL);
        }
        assert_int_equal(flows + gone, 1000 - after);
        assert_int_equal(gone, 100 - after / 10);
    }
    assert_false(holds_summary(hub, 1001));
    mf_hub_unsubscribe(hub, &listener.subscriber);
    mf_hub_free(hub);
}

static void at_most_so_many_summaries_come_at_once(void **state)
{
    (void)state;
    struct listener listener;
    struct mf_hub *hub = mf_hub_new(0);
    uint64_t last;
    subscribe_to(hub, &listener, MF_HUB_SUMMARIES);
    for (uint64_t change = 1; change <= 500; change++)
        take_record(hub, change, 100);
    mitmflow__v1__watch_flows_response__free_unpacked(
        read_summaries(hub, 0, SIZE_MAX, 200, &last), NULL);
    assert_int_equal(last, 200);
    mitmflow__v1__watch_flows_response__free_unpacked(
        read_summaries(hub, 0, 1, 200, &last), NULL);
    assert_int_equal(last, 1); /* one is always told, however long */
    mf_hub_unsubscribe(hub, &listener.subscriber);
    mf_hub_free(hub);
}

static void of_a_flow_that_came_and_went_untold_nothing_is_told(void **state)
{
    (void)state;
    struct listener listener;
    struct mf_hub *hub = mf_hub_new(0);
    uint64_t last;
    subscribe_to(hub, &listener, MF_HUB_SUMMARIES);
    const struct mf_change change = {.change = 1, .number = 9, .is_new = true};
    mf_hub_take(hub, &change, 1);
    Mitmflow__V1__WatchFlowsResponse *response =
        read_summaries(hub, 0, 100, 100, &last);
    assert_int_equal(last, 1);
    assert_int_equal(response->n_gone, 0);
    mitmflow__v1__watch_flows_response__free_unpacked(response, NULL);
    mf_hub_unsubscribe(hub, &listener.subscriber);
    mf_hub_free(hub);
}

static void nothing_is_held_for_nobody(void **state)
{
    (void)state;
    struct listener summaries, records;
    struct mf_hub *hub = mf_hub_new(0);
    take_record(hub, 1, 10);
    subscribe_to(hub, &summaries, MF_HUB_SUMMARIES);
    take_record(hub, 2, 10);
    assert_false(holds_summary(hub, 1));
    assert_true(holds_summary(hub, 2));
    assert_null(mf_hub_change(hub, 2));
    subscribe_to(hub, &records, MF_HUB_RECORDS);
    take_record(hub, 3, 10);
    assert_null(mf_hub_change(hub, 2));
    assert_non_null(mf_hub_change(hub, 3));
    mf_hub_unsubscribe(hub, &summaries.subscriber);
    assert_false(holds_summary(hub, 3));
    mf_hub_unsubscribe(hub, &records.subscriber);
    assert_null(mf_hub_change(hub, 3));
    take_record(hub, 4, 10);
    assert_int_equal(mf_hub_head(hub), 4);
    subscribe_to(hub, &summaries, MF_HUB_SUMMARIES);
    assert_false(holds_summary(hub, 4));
    mf_hub_unsubscribe(hub, &summaries.subscriber);
    mf_hub_free(hub);
}

static void changes_that_the_store_had_at_start_are_passed_over(void **state)
{
    (void)state;
    struct mf_hub *hub = mf_hub_new(100);
    take_record(hub, 99, 1);
    take_deletion(hub, 100);
    assert_int_equal(mf_hub_head(hub), 100);
    take_deletion(hub, 101);
    assert_int_equal(mf_hub_head(hub), 101);
    mf_hub_free(hub);
}

static void subscribers_may_leave_while_they_are_called(void **state)
{
    (void)state;
    struct listener a, b, c;
    struct mf_hub *hub = mf_hub_new(0);
    subscribe_to(hub, &a, MF_HUB_SUMMARIES);
    subscribe_to(hub, &b, MF_HUB_RECORDS);
    subscribe_to(hub, &c, MF_HUB_SUMMARIES); /* called first */
    c.drops = &b;
    mf_hub_tell(hub);
    assert_int_equal(a.calls, 1);
    assert_int_equal(b.calls, 0);
    assert_int_equal(c.calls, 1);
    a.drops = &a;
    mf_hub_tell(hub);
    mf_hub_tell(hub);
    assert_int_equal(a.calls, 2);
    assert_int_equal(c.calls, 3);
    mf_hub_unsubscribe(hub, &b.subscriber); /* again: nothing happens */
    mf_hub_unsubscribe(hub, &c.subscriber);
    mf_hub_free(hub);
}

static void long_changes_leave_sooner(void **state)
{
    enum { NOTE_LEN = 64 << 10, CHANGES = 2048 };
    (void)state;
    struct listener summaries, records;
    struct mf_hub *hub = mf_hub_new(0);
    subscribe_to(hub, &summaries, MF_HUB_SUMMARIES);
    subscribe_to(hub, &records, MF_HUB_RECORDS);
    for (uint64_t number = 1; number <= CHANGES; number++)
        take_record(hub, number, NOTE_LEN);
    assert_non_null(mf_hub_change(hub, CHANGES));
    assert_non_null(mf_hub_change(hub, CHANGES - 100));
    assert_null(mf_hub_change(hub, CHANGES - 130));
    assert_true(holds_summary(hub, CHANGES));
    assert_false(holds_summary(hub, CHANGES - 300));
    mf_hub_unsubscribe(hub, &records.subscriber);
    mf_hub_unsubscribe(hub, &summaries.subscriber);
    mf_hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_found_by_number_until_they_are_too_old),
        cmocka_unit_test(summaries_are_read_from_any_change_on),
        cmocka_unit_test(at_most_so_many_summaries_come_at_once),
        cmocka_unit_test(of_a_flow_that_came_and_went_untold_nothing_is_told),
        cmocka_unit_test(nothing_is_held_for_nobody),
        cmocka_unit_test(changes_that_the_store_had_at_start_are_passed_over),
        cmocka_unit_test(subscribers_may_leave_while_they_are_called),
        cmocka_unit_test(long_changes_leave_sooner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

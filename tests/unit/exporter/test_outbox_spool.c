/* mf_outbox: what is on disk, and what rules do to it. */
#include "outbox_support.h"

#include <stdio.h>
#include <string.h>

#include "exporter/redact/redact.h"

/* ---- the spool ---- */

static void what_is_not_acknowledged_in_time_is_on_disk_too(void **state)
{
    (void)state;
    struct fixture f;
    begin_with_spool(&f);
    whole(&f, "a", "one", ENDS);
    next(&f, &ALL);
    pass(&f, 299 * MS);
    assert_int_equal(stats_of(&f).spool.records, 0);
    pass(&f, 1 * MS);
    assert_int_equal(stats_of(&f).spool.records, 1);
    pass(&f, 100 * MS);
    assert_true(stats_of(&f).spool.bytes > 0);
    assert_false(next(&f, &ALL)); /* it is on its way */
    ack(&f, 1);
    assert_int_equal(stats_of(&f).spool.records, 0);
    assert_int_equal(stats_of(&f).flows, 0);
    end(&f);
}

static void after_a_lost_connection_all_comes_from_disk_in_order(void **state)
{
    (void)state;
    struct fixture f;
    int flow;
    begin_with_spool(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 50 * MS);
    next(&f, &ALL);
    append(&f, "g", "one", LIVE, &flow);
    part(&f, "a", "two", ENDS);
    next(&f, &ALL);
    ack(&f, 1);
    disconnect(&f);
    assert_true(stats_of(&f).is_backlog);
    assert_int_equal(stats_of(&f).spool.unread, 2);
    append(&f, "g", "two", LIVE, &flow);
    connection(&f, "event");
    pass(&f, 400 * MS);
    assert_int_equal(stats_of(&f).spool.unread, 4);
    assert_true(stats_of(&f).memory < 2000);
    whole(&f, "z", "one", ENDS);
    assert_next(&f, &ALL, "whole a two");
    assert_next(&f, &ALL, "append g one");
    assert_next(&f, &ALL, "append g two");
    assert_next(&f, &ALL, "connection event");
    assert_next(&f, &ALL, "whole z one");
    assert_false(stats_of(&f).is_backlog);
    ack(&f, 2);
    disconnect(&f);
    assert_next(&f, &ALL, "append g two");
    assert_next(&f, &ALL, "connection event");
    assert_next(&f, &ALL, "whole z one");
    ack(&f, 3);
    assert_true(mf_outbox_is_empty(f.outbox));
    assert_int_equal(stats_of(&f).spool.records, 0);
    assert_int_equal(stats_of(&f).lost, 0);
    end(&f);
}

static void a_later_state_takes_the_place_of_an_earlier_record(void **state)
{
    (void)state;
    struct fixture f;
    begin_with_spool(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 400 * MS);
    assert_int_equal(stats_of(&f).spool.records, 1);
    part(&f, "a", "two", ENDS);
    pass(&f, 400 * MS);
    assert_int_equal(stats_of(&f).spool.records, 1);
    assert_int_equal(stats_of(&f).flows, 0);
    assert_next(&f, &ALL, "whole a two");
    assert_false(next(&f, &ALL));
    end(&f);
}

static void parts_follow_a_whole_that_was_sent_from_disk(void **state)
{
    (void)state;
    struct fixture f;
    begin_with_spool(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 400 * MS);
    assert_next(&f, &ALL, "whole a one");
    assert_false(next(&f, &ALL));
    part(&f, "a", "two", ENDS);
    assert_next(&f, &ALL, "part a two");
    ack(&f, 2);
    assert_int_equal(stats_of(&f).spool.records, 0);
    assert_int_equal(stats_of(&f).flows, 0);
    end(&f);
}

static void too_much_in_memory_goes_to_disk(void **state)
{
    (void)state;
    struct fixture f;
    begin_with_spool(&f);
    fill(&f, 5000); /* 20 MB */
    assert_true(stats_of(&f).memory <= MF_OUTBOX_MEMORY_LEN);
    assert_true(stats_of(&f).is_backlog);
    size_t count = 0;
    char line[20];
    while (next(&f, &ALL)) {
        snprintf(line, sizeof line, "whole f%zu xx", count++);
        assert_memory_equal(said(&f), line, strlen(line));
    }
    assert_int_equal(count, 5000);
    ack(&f, count);
    assert_true(mf_outbox_is_empty(f.outbox));
    assert_int_equal(stats_of(&f).lost, 0);
    end(&f);
}

static void what_is_sealed_is_sent_by_the_next(void **state)
{
    (void)state;
    struct fixture f;
    int body, flow;
    begin_with_spool(&f);
    whole_with(&f, "a", "one", LIVE, &body);
    append(&f, "g", "two", LIVE, &flow);
    whole(&f, "b", "three", ENDS);
    mf_outbox_lose(f.outbox, 7, 1, 2, "for the test");
    assert_int_equal(mf_outbox_seal(f.outbox), 0);
    assert_int_equal(count_dead(&f), 2);
    assert_true(mf_outbox_is_empty(f.outbox) ||
                stats_of(&f).spool.records == 4);
    mf_outbox_free(f.outbox);
    f.outbox = mf_outbox_new(f.queue);
    open_spool(&f);
    assert_int_equal(stats_of(&f).spool.records, 4);
    whole(&f, "c", "new", ENDS);
    assert_next(&f, &ALL, "whole a one");
    assert_true(f.len > MF_SPLICE_MIN_LEN);
    assert_next(&f, &ALL, "append g two");
    assert_next(&f, &ALL, "whole b three");
    assert_next(&f, &ALL, "loss for the test");
    assert_next(&f, &ALL, "whole c new");
    ack(&f, 5);
    assert_true(mf_outbox_is_empty(f.outbox));
    end(&f);
}

static void start_again(struct fixture *f)
{
    mf_outbox_free(f->outbox);
    f->outbox = mf_outbox_new(f->queue);
    open_spool(f);
}

static void a_seal_makes_room_on_a_full_disk(void **state)
{
    (void)state;
    struct fixture f;
    begin_with_spool(&f);
    whole(&f, "a", "one", ENDS);
    mf_outbox_seal(f.outbox);
    start_again(&f);
    whole(&f, "b", "two", ENDS);
    writes_that_fail = 1;
    assert_int_equal(mf_outbox_seal(f.outbox), 0);
    assert_int_equal(f.losses, 1);
    start_again(&f);
    assert_next(&f, &ALL, "whole b two");
    assert_next(&f, &ALL, "loss the disk was full");
    end(&f);
}

static void a_seal_counts_what_a_full_disk_does_not_take(void **state)
{
    (void)state;
    struct fixture f;
    begin_with_spool(&f);
    whole(&f, "a", "one", ENDS);
    whole(&f, "b", "two", ENDS);
    writes_that_fail = 1000;
    assert_int_equal(mf_outbox_seal(f.outbox), 2);
    assert_int_equal(stats_of(&f).lost, 2);
    assert_string_equal(stats_of(&f).lost_reason,
                        "the spool could not be written");
    writes_that_fail = 0;
    end(&f);
}

static void without_a_spool_a_seal_loses_what_was_not_acknowledged(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", ENDS);
    whole(&f, "b", "one", LIVE);
    next(&f, &ALL);
    assert_int_equal(mf_outbox_seal(f.outbox), 2);
    assert_int_equal(stats_of(&f).lost, 2);
    end(&f);
}

static void an_ended_flow_on_disk_can_still_be_had_whole(void **state)
{
    (void)state;
    struct fixture f;
    struct mf_wanted wanted;
    int flow;
    begin_with_spool(&f);
    append(&f, "a", "one", ENDS, &flow);
    pass(&f, 400 * MS);
    assert_int_equal(count_dead(&f), 0);
    assert_next(&f, &ALL, "append a one");
    ack_missing(&f, 1, "a");
    assert_true(mf_queue_take_wanted(f.queue, &wanted));
    assert_true(wanted.is_end);
    grown(&f, "a", "all", ENDS, &flow);
    assert_next(&f, &ALL, "whole a all");
    ack(&f, 1);
    assert_int_equal(stats_of(&f).lost, 0);
    assert_int_equal(stats_of(&f).flows, 0);
    end(&f);
}

static void a_record_that_nobody_can_complete_is_counted(void **state)
{
    (void)state;
    struct fixture f;
    int flow;
    begin_with_spool(&f);
    append(&f, "a", "one", LIVE, &flow);
    mf_outbox_seal(f.outbox);
    mf_outbox_free(f.outbox);
    f.outbox = mf_outbox_new(f.queue);
    open_spool(&f);
    assert_next(&f, &ALL, "append a one");
    ack_missing(&f, 1, "a");
    assert_int_equal(stats_of(&f).lost, 1);
    assert_int_equal(stats_of(&f).spool.records, 0);
    end(&f);
}

/* ---- rules ---- */

static void push_rule(struct fixture *f, const char *rule)
{
    static const uint8_t key[MF_REDACT_KEY_LEN];
    struct mf_redactor *rules = NULL;
    assert_int_equal(mf_redactor_new(&rule, rule != NULL, key, &rules, NULL),
                     0);
    assert_int_equal(mf_queue_push_rules(f->queue, rules), 0);
}

static void rules_hold_for_what_was_pushed_after_them(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    f.is_busy = true;
    whole(&f, "before", "secret", ENDS);
    push_rule(&f, "regex /secret/");
    whole(&f, "under", "secret", ENDS);
    push_rule(&f, NULL);
    whole(&f, "after", "secret", ENDS);
    pass(&f, 0);
    assert_next(&f, &ALL, "whole before secret");
    assert_true(next(&f, &ALL));
    assert_non_null(strstr(said(&f), "whole under REDACTED-"));
    assert_next(&f, &ALL, "whole after secret");
    ack(&f, 3);
    end(&f);
}

/* As it names its host at last, a part of a flow. */
static void part_of_host(struct fixture *f, const char *id, const char *host)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 20);
    struct mf_mark mark = mf_encoder_begin(&enc, 101);
    mf_encoder_bytes(&enc, 1, id, strlen(id));
    struct mf_mark flow = mf_encoder_begin(&enc, 2);
    struct mf_mark http = mf_encoder_begin(&enc, 1);
    struct mf_mark server = mf_encoder_begin(&enc, 7);
    mf_encoder_bytes(&enc, 16, host, strlen(host));
    mf_encoder_end(&enc, server);
    mf_encoder_end(&enc, http);
    mf_encoder_end(&enc, flow);
    mf_encoder_end(&enc, mark);
    mf_encoder_varint_opt(&enc, 2, 4);
    push(f, &enc,
         (struct mf_label){.kind = MF_KIND_PART, .event = 4, .is_end = true},
         id, NULL);
    mf_encoder_release(&enc);
}

static void of_a_flow_that_a_rule_skips_nothing_is_left_on_disk(void **state)
{
    (void)state;
    struct fixture f;
    begin_with_spool(&f);
    push_rule(&f, "skip-flow host=secret.test");
    pass(&f, 0);
    whole(&f, "a", "one", LIVE);
    pass(&f, 400 * MS);
    assert_int_equal(stats_of(&f).spool.records, 1);
    part_of_host(&f, "a", "secret.test");
    assert_int_equal(stats_of(&f).skipped, 1);
    assert_int_equal(stats_of(&f).spool.records, 0);
    assert_false(next(&f, &ALL));
    assert_true(mf_outbox_is_empty(f.outbox));
    assert_int_equal(stats_of(&f).flows, 0);
    end(&f);
}

static void of_a_growing_flow_that_a_rule_skips_no_record_goes_out(void **state)
{
    (void)state;
    struct fixture f;
    int flow;
    begin_with_spool(&f);
    push_rule(&f, "skip-flow host=secret.test");
    pass(&f, 0);
    grown(&f, "g", "one", LIVE, &flow);
    append(&f, "g", "two", LIVE, &flow);
    pass(&f, 400 * MS);
    assert_int_equal(stats_of(&f).spool.records, 2);
    part_of_host(&f, "g", "secret.test");
    assert_int_equal(stats_of(&f).skipped, 1);
    assert_false(next(&f, &ALL));
    assert_int_equal(stats_of(&f).spool.records, 0);
    assert_int_equal(stats_of(&f).lost, 0);
    assert_int_equal(stats_of(&f).flows, 0);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_acknowledged_in_time_is_on_disk_too),
        cmocka_unit_test(after_a_lost_connection_all_comes_from_disk_in_order),
        cmocka_unit_test(a_later_state_takes_the_place_of_an_earlier_record),
        cmocka_unit_test(parts_follow_a_whole_that_was_sent_from_disk),
        cmocka_unit_test(too_much_in_memory_goes_to_disk),
        cmocka_unit_test(what_is_sealed_is_sent_by_the_next),
        cmocka_unit_test(a_seal_makes_room_on_a_full_disk),
        cmocka_unit_test(a_seal_counts_what_a_full_disk_does_not_take),
        cmocka_unit_test(
            without_a_spool_a_seal_loses_what_was_not_acknowledged),
        cmocka_unit_test(an_ended_flow_on_disk_can_still_be_had_whole),
        cmocka_unit_test(a_record_that_nobody_can_complete_is_counted),
        cmocka_unit_test(rules_hold_for_what_was_pushed_after_them),
        cmocka_unit_test(of_a_flow_that_a_rule_skips_nothing_is_left_on_disk),
        cmocka_unit_test(
            of_a_growing_flow_that_a_rule_skips_no_record_goes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

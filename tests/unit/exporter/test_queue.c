#include "../cmocka.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "exporter/queue.h"
#include "exporter/redact/redact.h"

static const struct mf_label LABEL = {.kind = MF_KIND_WHOLE, .event = 4};

/* Put in a message of `len` bytes with the number `n` at its front. */
static int push(struct mf_queue *queue, uint32_t n, size_t len)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 24);
    mf_buf_append(&enc.buf, &n, sizeof n);
    for (size_t i = sizeof n; i < len; i++)
        mf_buf_append_byte(&enc.buf, (uint8_t)n);
    int rc = mf_queue_push(queue, &enc, &LABEL, NULL, 0);
    mf_encoder_release(&enc);
    return rc;
}

static uint32_t number_of(const struct mf_message *message)
{
    uint32_t n;
    assert_true(message->body.len >= sizeof n);
    memcpy(&n, message->body.bytes, sizeof n);
    return n;
}

static struct mf_queue_stats stats_of(struct mf_queue *queue)
{
    struct mf_queue_stats stats;
    mf_queue_get_stats(queue, &stats);
    return stats;
}

static void all_messages_are_taken_at_once_and_in_order(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    for (uint32_t n = 0; n < 10; n++)
        assert_int_equal(push(queue, n, 100), 0);
    struct mf_message *message = mf_queue_take(queue);
    assert_null(mf_queue_take(queue));
    assert_true(mf_queue_is_empty(queue));
    assert_true(stats_of(queue).memory >= 1000);
    for (uint32_t n = 0; n < 10; n++) {
        assert_int_equal(number_of(message), n);
        assert_int_equal(message->label.event, 4);
        struct mf_message *next = message->next;
        mf_queue_release(queue, message);
        message = next;
    }
    assert_null(message);
    assert_int_equal(stats_of(queue).memory, 0);
    mf_queue_free(queue);
}

static void a_full_queue_refuses_what_is_new(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(10000);
    uint32_t n = 0;
    while (push(queue, n, 1000) == 0)
        n++;
    assert_true(n >= 5 && n < 10);
    assert_int_equal(stats_of(queue).refused, 1);
    assert_true(stats_of(queue).memory <= 10000);
    struct mf_message *message = mf_queue_take(queue);
    assert_int_equal(number_of(message), 0);
    mf_queue_release(queue, message);
    assert_int_equal(push(queue, n, 1000), 0);
    mf_queue_free(queue);
}

static void what_the_sender_holds_counts(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(10000);
    mf_queue_hold(queue, 9500);
    assert_int_equal(push(queue, 1, 1000), MF_EFULL);
    mf_queue_hold(queue, -9500);
    assert_int_equal(push(queue, 1, 1000), 0);
    mf_queue_free(queue);
}

/* A message whose body is `object`'s, of the flow `flow`. */
static int push_body(struct mf_queue *queue, void *object, const uint8_t *body,
                     size_t len, void *flow)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 20);
    mf_encoder_varint_opt(&enc, 1, 5);
    mf_encoder_body(&enc, 2, body, len, object);
    mf_encoder_varint_opt(&enc, 3, 6);
    int rc = mf_queue_push(queue, &enc, &LABEL, flow, 2);
    mf_encoder_release(&enc);
    return rc;
}

static void objects_outlive_their_message_until_they_are_let_go(void **state)
{
    (void)state;
    static uint8_t body[10000];
    int object, flow;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    assert_int_equal(push_body(queue, &object, body, sizeof body, &flow), 0);
    assert_true(stats_of(queue).memory > sizeof body);
    struct mf_message *message = mf_queue_take(queue);
    assert_int_equal(message->body.splice_count, 1);
    assert_ptr_equal(message->body.splices[0].data, body);
    assert_ptr_equal(message->body.splices[0].object, &object);
    assert_int_equal(message->body.splices[0].at, message->body.len - 2);
    assert_ptr_equal(message->flow, &flow);
    assert_int_equal(message->attempt, 2);
    mf_queue_release(queue, message);
    assert_int_equal(stats_of(queue).memory, 0);
    assert_null(mf_queue_take_dead(queue));
    mf_queue_let_go(queue, &object);
    assert_true(mf_queue_has_dead(queue));
    assert_ptr_equal(mf_queue_take_dead(queue), &object);
    assert_null(mf_queue_take_dead(queue));
    mf_queue_let_go(queue, &flow);
    assert_ptr_equal(mf_queue_take_dead(queue), &flow);
    mf_queue_free(queue);
}

static void
a_closed_queue_gives_all_objects_back_and_takes_no_more(void **state)
{
    (void)state;
    static uint8_t body[10000];
    int object, flow, wanted_flow;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    push_body(queue, NULL, body, 10, &wanted_flow);
    struct mf_message *message = mf_queue_take(queue);
    struct mf_wanted wanted = {.flow = message->flow, .event = 4};
    mf_queue_release(queue, message);
    mf_queue_want(queue, &wanted);
    push_body(queue, &object, body, sizeof body, &flow);
    mf_queue_close(queue);
    assert_true(mf_queue_is_empty(queue));
    assert_int_equal(push(queue, 3, 100), MF_ECLOSED);
    int seen = 0;
    for (void *dead; (dead = mf_queue_take_dead(queue));)
        seen += dead == &object ? 1 : dead == &flow ? 10 : 100;
    assert_int_equal(seen, 111);
    assert_int_equal(stats_of(queue).refused, 2);
    mf_queue_free(queue);
}

static void wanted_flows_come_out_in_order(void **state)
{
    (void)state;
    int flows[40];
    struct mf_queue *queue = mf_queue_new(1 << 20);
    for (int i = 0; i < 40; i++)
        push_body(queue, NULL, (const uint8_t *)"", 0, &flows[i]);
    for (struct mf_message *m = mf_queue_take(queue), *next; m; m = next) {
        struct mf_wanted wanted = {
            .flow = m->flow, .attempt = m->attempt, .is_end = true};
        next = m->next;
        mf_queue_want(queue, &wanted);
        mf_queue_release(queue, m);
    }
    assert_false(mf_queue_is_empty(queue));
    struct mf_wanted wanted;
    for (int i = 0; i < 40; i++) {
        assert_true(mf_queue_take_wanted(queue, &wanted));
        assert_ptr_equal(wanted.flow, &flows[i]);
        assert_int_equal(wanted.attempt, 2);
        assert_true(wanted.is_end);
    }
    assert_false(mf_queue_take_wanted(queue, &wanted));
    assert_int_equal(stats_of(queue).wanted_total, 40);
    assert_false(mf_queue_is_empty(queue)); /* they are on their way into it */
    mf_queue_wanted_told(queue);
    assert_true(mf_queue_is_empty(queue));
    mf_queue_free(queue);
}

/* ---- two threads ---- */

enum { MANY = 20000 };
struct race {
    struct mf_queue *queue;
    atomic_bool done;
    uint32_t last, count;
    bool out_of_order;
};

static void *take_all(void *arg)
{
    struct race *race = arg;
    while (!atomic_load(&race->done) || !mf_queue_is_empty(race->queue)) {
        struct mf_message *message = mf_queue_take(race->queue), *next;
        for (; message; message = next) {
            uint32_t n = number_of(message);
            race->out_of_order |= n <= race->last;
            race->last = n;
            race->count++;
            next = message->next;
            mf_queue_let_go(race->queue, message->flow);
            mf_queue_release(race->queue, message);
        }
    }
    return NULL;
}

static void a_thread_may_take_while_another_puts_in(void **state)
{
    (void)state;
    struct race race = {.queue = mf_queue_new(64 << 20)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_all, &race), 0);
    uint32_t dead = 0;
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1000);
    for (uint32_t n = 1; n <= MANY; n++) {
        mf_encoder_clear(&enc);
        mf_buf_append(&enc.buf, &n, sizeof n);
        assert_int_equal(mf_queue_push(race.queue, &enc, &LABEL, &race, 0), 0);
        while (mf_queue_take_dead(race.queue))
            dead++;
    }
    atomic_store(&race.done, true);
    pthread_join(thread, NULL);
    while (mf_queue_take_dead(race.queue))
        dead++;
    assert_false(race.out_of_order);
    assert_int_equal(race.count, MANY);
    assert_int_equal(dead, MANY);
    assert_int_equal(stats_of(race.queue).memory, 0);
    mf_encoder_release(&enc);
    mf_queue_free(race.queue);
}

static struct mf_redactor *a_redactor(void)
{
    static const uint8_t key[MF_REDACT_KEY_LEN];
    const char *const rules[] = {"header x"};
    struct mf_redactor *redactor = NULL;
    assert_int_equal(mf_redactor_new(rules, 1, key, &redactor, NULL), 0);
    return redactor;
}

static void rules_come_out_in_their_order(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(4096);
    struct mf_redactor *rules = a_redactor();
    assert_int_equal(push(queue, 1, 100), 0);
    assert_int_equal(mf_queue_push_rules(queue, rules), 0);
    assert_int_equal(push(queue, 2, 100), 0);
    struct mf_message *first = mf_queue_take(queue);
    struct mf_message *second = first->next, *third = second->next;
    assert_int_equal(number_of(first), 1);
    assert_int_equal(second->label.kind, MF_KIND_RULES);
    assert_ptr_equal(second->rules, rules);
    assert_int_equal(number_of(third), 2);
    assert_null(third->next);
    mf_redactor_free(second->rules);
    mf_queue_release(queue, first);
    mf_queue_release(queue, second);
    mf_queue_release(queue, third);
    assert_int_equal(stats_of(queue).memory, 0);
    mf_queue_free(queue);
}

static void rules_find_room_in_a_full_queue(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(4096);
    uint32_t n = 0;
    while (push(queue, n, 100) == 0)
        n++;
    assert_int_equal(mf_queue_push_rules(queue, a_redactor()), 0);
    mf_queue_free(queue);
}

static void a_closed_queue_lets_its_rules_go(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(4096);
    assert_int_equal(mf_queue_push_rules(queue, a_redactor()), 0);
    mf_queue_close(queue);
    assert_int_equal(stats_of(queue).refused, 0);
    assert_int_equal(mf_queue_push_rules(queue, NULL), MF_ECLOSED);
    mf_queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_messages_are_taken_at_once_and_in_order),
        cmocka_unit_test(a_full_queue_refuses_what_is_new),
        cmocka_unit_test(what_the_sender_holds_counts),
        cmocka_unit_test(objects_outlive_their_message_until_they_are_let_go),
        cmocka_unit_test(
            a_closed_queue_gives_all_objects_back_and_takes_no_more),
        cmocka_unit_test(wanted_flows_come_out_in_order),
        cmocka_unit_test(rules_come_out_in_their_order),
        cmocka_unit_test(rules_find_room_in_a_full_queue),
        cmocka_unit_test(a_closed_queue_lets_its_rules_go),
        cmocka_unit_test(a_thread_may_take_while_another_puts_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "../cmocka.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "exporter/queue.h"

static int holds;
static void hold(void *object)
{
    (void)object;
    holds++;
}

/* Put in a message of `len` bytes with the number `n` at its front. */
static int push(struct mf_queue *queue, uint32_t n, size_t len)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 24);
    mf_buf_append(&enc.buf, &n, sizeof n);
    for (size_t i = sizeof n; i < len; i++)
        mf_buf_append_byte(&enc.buf, (uint8_t)n);
    int rc = mf_queue_push(queue, &enc, hold);
    mf_encoder_release(&enc);
    return rc;
}

static uint32_t number_of(const struct mf_message *message)
{
    struct mf_piece piece;
    uint32_t n;
    assert_true(mf_message_piece(message, 0, &piece));
    memcpy(&n, piece.data, sizeof n);
    return n;
}

static void check_next(struct mf_queue *queue, uint32_t n)
{
    struct mf_message *message = mf_queue_next(queue);
    assert_non_null(message);
    assert_int_equal(number_of(message), n);
}

static struct mf_queue_stats stats_of(struct mf_queue *queue)
{
    struct mf_queue_stats stats;
    mf_queue_get_stats(queue, &stats);
    return stats;
}

static void messages_come_out_in_order_and_once(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    for (uint32_t n = 0; n < 10; n++)
        assert_int_equal(push(queue, n, 100), 0);
    for (uint32_t n = 0; n < 10; n++)
        check_next(queue, n);
    assert_null(mf_queue_next(queue));
    assert_false(mf_queue_is_empty(queue));
    mf_queue_ack(queue, 10, NULL, NULL);
    assert_true(mf_queue_is_empty(queue));
    assert_int_equal(stats_of(queue).acked, 10);
    assert_int_equal(stats_of(queue).memory, 0);
    mf_queue_free(queue);
}

static void what_was_in_flight_comes_again_in_order(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    for (uint32_t n = 0; n < 6; n++)
        push(queue, n, 100);
    for (uint32_t n = 0; n < 4; n++)
        check_next(queue, n);
    mf_queue_ack(queue, 1, NULL, NULL);
    mf_queue_requeue(queue);
    for (uint32_t n = 1; n < 6; n++)
        check_next(queue, n);
    assert_null(mf_queue_next(queue));
    mf_queue_free(queue);
}

static void the_oldest_that_waits_is_given_up_when_full(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(20000);
    for (uint32_t n = 0; n < 10; n++)
        push(queue, n, 1000);
    check_next(queue, 0);
    check_next(queue, 1);
    for (uint32_t n = 10; n < 40; n++) {
        assert_int_equal(push(queue, n, 1000), 0);
        assert_true(stats_of(queue).memory <= 20000);
    }
    struct mf_queue_stats stats = stats_of(queue);
    assert_int_equal(stats.in_flight, 2);
    assert_int_equal(stats.waiting + stats.in_flight + stats.given_up, 40);
    assert_true(stats.given_up > 0);
    /* Those in flight stayed, those that wait are the newest. */
    mf_queue_requeue(queue);
    check_next(queue, 0);
    check_next(queue, 1);
    check_next(queue, 40 - (uint32_t)stats.waiting);
    mf_queue_free(queue);
}

static void a_message_beyond_the_maximum_is_refused_alone(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(10000);
    push(queue, 1, 100);
    assert_int_equal(push(queue, 2, 20000), MF_EFULL);
    check_next(queue, 1);
    assert_null(mf_queue_next(queue));
    assert_int_equal(stats_of(queue).given_up, 1);
    mf_queue_free(queue);
}

/* A message whose body is `object`'s. */
static int push_body(struct mf_queue *queue, void *object, const uint8_t *body,
                     size_t len)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 20);
    mf_encoder_varint_opt(&enc, 1, 5);
    mf_encoder_body(&enc, 2, body, len, object);
    mf_encoder_varint_opt(&enc, 3, 6);
    int rc = mf_queue_push(queue, &enc, hold);
    mf_encoder_release(&enc);
    return rc;
}

static void a_body_is_held_once_until_its_last_message_went(void **state)
{
    (void)state;
    static uint8_t body[10000];
    int object;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    holds = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(push_body(queue, &object, body, sizeof body), 0);
    assert_int_equal(holds, 1);
    assert_true(stats_of(queue).memory < 2 * sizeof body);
    for (int i = 0; i < 3; i++)
        assert_non_null(mf_queue_next(queue));
    mf_queue_ack(queue, 2, NULL, NULL);
    assert_null(mf_queue_take_dead(queue));
    mf_queue_ack(queue, 1, NULL, NULL);
    assert_ptr_equal(mf_queue_take_dead(queue), &object);
    assert_null(mf_queue_take_dead(queue));
    assert_int_equal(stats_of(queue).memory, 0);
    mf_queue_free(queue);
}

static void bodies_that_share_a_slot_do_not_lift_the_maximum(void **state)
{
    (void)state;
    enum { MAX = 25000 };
    static uint8_t body[10000];
    /* Never looked at; their addresses fall into one slot. */
    void *one = (void *)(uintptr_t)0x10, *other = (void *)(uintptr_t)0x1000;
    struct mf_queue *queue = mf_queue_new(MAX);
    push_body(queue, one, body, sizeof body);
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 20);
    mf_encoder_body(&enc, 1, body, sizeof body, other);
    mf_encoder_body(&enc, 2, body, sizeof body, one);
    assert_int_equal(mf_queue_push(queue, &enc, hold), 0);
    mf_encoder_release(&enc);
    for (uint32_t n = 0; n < 50; n++) {
        assert_int_equal(push(queue, n, 1000), 0);
        assert_true(stats_of(queue).memory <= MAX);
    }
    assert_true(stats_of(queue).given_up > 0);
    mf_queue_free(queue);
}

static void pieces_make_up_the_message(void **state)
{
    (void)state;
    static uint8_t body[9000];
    int object;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    push_body(queue, &object, body, sizeof body);
    struct mf_message *message = mf_queue_next(queue);
    struct mf_piece piece;
    size_t len = 0, pieces = 0;
    for (; mf_message_piece(message, pieces, &piece); pieces++)
        len += piece.len;
    assert_int_equal(pieces, 3);
    assert_int_equal(len, mf_message_len(message));
    assert_true(mf_message_piece(message, 1, &piece));
    assert_ptr_equal(piece.data, body);
    mf_queue_close(queue);
    assert_ptr_equal(mf_queue_take_dead(queue), &object);
    mf_queue_free(queue);
}

static void a_closed_queue_is_empty_and_takes_no_more(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    push(queue, 1, 100);
    push(queue, 2, 100);
    check_next(queue, 1);
    mf_queue_close(queue);
    assert_true(mf_queue_is_empty(queue));
    assert_int_equal(push(queue, 3, 100), MF_ECLOSED);
    assert_int_equal(stats_of(queue).given_up, 2);
    mf_queue_free(queue);
}

static void the_last_in_flight_can_be_given_up(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    for (uint32_t n = 0; n < 4; n++)
        push(queue, n, 100);
    check_next(queue, 0);
    mf_queue_give_up_last(queue);
    check_next(queue, 1);
    check_next(queue, 2);
    check_next(queue, 3);
    mf_queue_give_up_last(queue);
    push(queue, 4, 100);
    mf_queue_requeue(queue);
    check_next(queue, 1);
    check_next(queue, 2);
    check_next(queue, 4);
    assert_null(mf_queue_next(queue));
    mf_queue_free(queue);
}

/* ---- two threads ---- */

enum { MANY = 20000 };
struct race {
    struct mf_queue *queue;
    atomic_bool done;
    uint32_t last;
    bool out_of_order;
};

static void *take_all(void *arg)
{
    struct race *race = arg;
    size_t in_flight = 0;
    while (!atomic_load(&race->done) || !mf_queue_is_empty(race->queue)) {
        struct mf_message *message = mf_queue_next(race->queue);
        if (message) {
            uint32_t n = number_of(message);
            race->out_of_order |= n <= race->last;
            race->last = n;
            in_flight++;
        }
        if (in_flight >= 7 || !message) {
            mf_queue_ack(race->queue, in_flight, NULL, NULL);
            in_flight = 0;
        }
    }
    return NULL;
}

static void a_thread_may_take_while_another_puts_in(void **state)
{
    (void)state;
    struct race race = {.queue = mf_queue_new(100000)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_all, &race), 0);
    for (uint32_t n = 1; n <= MANY; n++)
        assert_int_equal(push(race.queue, n, 50 + n % 500), 0);
    atomic_store(&race.done, true);
    pthread_join(thread, NULL);
    struct mf_queue_stats stats = stats_of(race.queue);
    assert_false(race.out_of_order);
    assert_int_equal(stats.acked + stats.given_up, MANY);
    assert_int_equal(race.last, MANY);
    assert_int_equal(stats.memory, 0);
    mf_queue_free(race.queue);
}

/* ---- appends ---- */

static int flow_a, flow_b;

/* Put in an append to the flow with this id. */
static int push_append(struct mf_queue *queue, const char *id, void *flow,
                       size_t held_len)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 24);
    struct mf_mark mark = mf_encoder_begin(&enc, 100);
    mf_encoder_bytes(&enc, 1, id, strlen(id));
    mf_encoder_varint_opt(&enc, 2, 7);
    mf_encoder_end(&enc, mark);
    const struct mf_append append = {
        .flow = flow, .len = held_len, .event = 5, .attempt = 2};
    int rc = mf_queue_push_append(queue, &enc, hold, &append);
    mf_encoder_release(&enc);
    return rc;
}

static bool is_a(const void *user, const uint8_t *id, size_t len)
{
    (void)user;
    return len == 1 && id[0] == 'a';
}

static void an_append_holds_its_flow_until_it_is_acknowledged(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    holds = 0;
    assert_int_equal(push_append(queue, "a", &flow_a, 0), 0);
    assert_int_equal(push_append(queue, "a", &flow_a, 5000), 0);
    assert_int_equal(holds, 1);
    assert_true(stats_of(queue).memory > 5000);
    assert_true(mf_message_is_append(mf_queue_next(queue)));
    mf_queue_next(queue);
    mf_queue_ack(queue, 1, NULL, NULL);
    assert_null(mf_queue_take_dead(queue));
    mf_queue_ack(queue, 1, NULL, NULL);
    assert_ptr_equal(mf_queue_take_dead(queue), &flow_a);
    assert_null(mf_queue_take_dead(queue));
    assert_int_equal(stats_of(queue).memory, 0);
    mf_queue_free(queue);
}

static void a_missing_flow_is_wanted_once(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    struct mf_append wanted;
    holds = 0;
    push_append(queue, "a", &flow_a, 0);
    push_append(queue, "b", &flow_b, 0);
    push_append(queue, "a", &flow_a, 0);
    push_append(queue, "a", &flow_a, 0);
    for (int i = 0; i < 4; i++)
        mf_queue_next(queue);
    mf_queue_ack(queue, 2, is_a, NULL);
    assert_int_equal(stats_of(queue).wanted, 1);
    assert_false(mf_queue_is_empty(queue));
    assert_true(mf_queue_take_wanted(queue, hold, &wanted));
    assert_ptr_equal(wanted.flow, &flow_a);
    assert_int_equal(wanted.event, 5);
    assert_int_equal(wanted.attempt, 2);
    assert_int_equal(holds, 3);
    /* What was on its way says nothing new... */
    mf_queue_ack(queue, 1, is_a, NULL);
    assert_false(mf_queue_take_wanted(queue, hold, &wanted));
    /* ...but what is put in from now on does. */
    push_append(queue, "a", &flow_a, 0);
    mf_queue_next(queue);
    mf_queue_ack(queue, 2, is_a, NULL);
    assert_true(mf_queue_take_wanted(queue, hold, &wanted));
    assert_int_equal(stats_of(queue).wanted_total, 2);
    assert_true(mf_queue_is_empty(queue));
    mf_queue_free(queue);
}

static void an_append_that_cannot_be_sent_makes_its_flow_wanted(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    struct mf_append wanted;
    push(queue, 1, 100);
    push_append(queue, "a", &flow_a, 0);
    push(queue, 2, 100);
    check_next(queue, 1);
    mf_queue_next(queue);
    mf_queue_want_last(queue);
    check_next(queue, 2);
    assert_int_equal(stats_of(queue).in_flight, 2);
    assert_int_equal(stats_of(queue).given_up, 0);
    assert_true(mf_queue_take_wanted(queue, hold, &wanted));
    mf_queue_ack(queue, 2, NULL, NULL);
    assert_true(mf_queue_is_empty(queue));
    mf_queue_free(queue);
}

static void what_is_held_counts_but_always_leaves_room(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(10000);
    assert_int_equal(push_append(queue, "a", &flow_a, 1 << 30), 0);
    assert_true(stats_of(queue).memory >= 5000);
    assert_int_equal(push_append(queue, "b", &flow_b, 1 << 30), 0);
    assert_int_equal(stats_of(queue).given_up, 1);
    assert_true(stats_of(queue).memory <= 10000);
    mf_queue_free(queue);
}

static void a_closed_queue_wants_nothing(void **state)
{
    (void)state;
    struct mf_queue *queue = mf_queue_new(1 << 20);
    struct mf_append wanted;
    push_append(queue, "a", &flow_a, 0);
    mf_queue_next(queue);
    mf_queue_ack(queue, 1, is_a, NULL);
    mf_queue_close(queue);
    assert_false(mf_queue_take_wanted(queue, hold, &wanted));
    assert_ptr_equal(mf_queue_take_dead(queue), &flow_a);
    assert_int_equal(stats_of(queue).given_up, 1);
    mf_queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_out_in_order_and_once),
        cmocka_unit_test(what_was_in_flight_comes_again_in_order),
        cmocka_unit_test(the_oldest_that_waits_is_given_up_when_full),
        cmocka_unit_test(a_message_beyond_the_maximum_is_refused_alone),
        cmocka_unit_test(a_body_is_held_once_until_its_last_message_went),
        cmocka_unit_test(bodies_that_share_a_slot_do_not_lift_the_maximum),
        cmocka_unit_test(pieces_make_up_the_message),
        cmocka_unit_test(a_closed_queue_is_empty_and_takes_no_more),
        cmocka_unit_test(the_last_in_flight_can_be_given_up),
        cmocka_unit_test(a_thread_may_take_while_another_puts_in),
        cmocka_unit_test(an_append_holds_its_flow_until_it_is_acknowledged),
        cmocka_unit_test(a_missing_flow_is_wanted_once),
        cmocka_unit_test(an_append_that_cannot_be_sent_makes_its_flow_wanted),
        cmocka_unit_test(what_is_held_counts_but_always_leaves_room),
        cmocka_unit_test(a_closed_queue_wants_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

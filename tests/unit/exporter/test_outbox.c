/* mf_outbox against a server that is a few calls, with a real spool. */
#include "../cmocka.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "exporter/redact/redact.h"
#include "exporter/sender/outbox.h"
#include "pb/wire.h"

#define MS ((int64_t)MF_NS_PER_MS)

static const struct mf_abilities ALL = {
    .appends = true, .parts = true, .connections = true, .losses = true};
static const struct mf_abilities WHOLE_ONLY = {.appends = true};

/* The disk is full for so many writes. */
static int writes_that_fail;

ssize_t __real_pwrite64(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at);

ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at)
{
    if (writes_that_fail == 0)
        return __real_pwrite64(fd, data, len, at);
    writes_that_fail--;
    errno = ENOSPC;
    return -1;
}

struct fixture {
    struct mf_queue *queue;
    struct mf_outbox *outbox;
    struct mf_outgoing out;
    int64_t now_ns;
    bool is_busy; /* what is pushed stays in the queue */
    char dir[64];
    uint8_t message[1 << 16]; /* the last that was sent */
    size_t len;
    uint64_t losses; /* that the spool told of */
};

static void on_loss(void *user, uint64_t count, int64_t from_ns, int64_t to_ns,
                    const char *reason)
{
    struct fixture *f = user;
    f->losses += count;
    mf_outbox_lose(f->outbox, count, from_ns, to_ns, reason);
}

static void begin_with(struct fixture *f, size_t queue_max)
{
    memset(f, 0, sizeof *f);
    f->queue = mf_queue_new(queue_max);
    f->outbox = mf_outbox_new(f->queue);
    f->now_ns = 1000 * MF_NS_PER_S;
    mf_outgoing_init(&f->out);
}

static void begin(struct fixture *f)
{
    begin_with(f, 8 << 20);
}

static void open_spool_of(struct fixture *f, uint64_t max_bytes)
{
    struct mf_spool *spool;
    struct mf_spool_opts opts = {
        .dir = f->dir, .max_bytes = max_bytes, .on_loss = on_loss, .user = f};
    if (!f->dir[0]) {
        snprintf(f->dir, sizeof f->dir, "/tmp/mitmflow-outbox-XXXXXX");
        assert_non_null(mkdtemp(f->dir));
    }
    assert_int_equal(mf_spool_open(&opts, &spool, NULL), 0);
    mf_outbox_set_spool(f->outbox, spool);
}

static void open_spool(struct fixture *f)
{
    open_spool_of(f, 64 << 20);
}

static void begin_with_spool(struct fixture *f)
{
    begin_with(f, 64 << 20);
    open_spool(f);
}

static size_t count_dead(struct fixture *f)
{
    size_t count = 0;
    while (mf_queue_take_dead(f->queue))
        count++;
    return count;
}

static void end(struct fixture *f)
{
    mf_outbox_free(f->outbox);
    mf_outgoing_release(&f->out);
    struct mf_queue_stats stats;
    mf_queue_get_stats(f->queue, &stats);
    assert_int_equal(stats.memory, 0);
    mf_queue_free(f->queue);
    DIR *dir = f->dir[0] ? opendir(f->dir) : NULL;
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", f->dir, entry->d_name);
        unlink(path);
    }
    if (dir) {
        closedir(dir);
        rmdir(f->dir);
    }
}

static struct mf_outbox_stats stats_of(struct fixture *f)
{
    struct mf_outbox_stats stats;
    mf_outbox_get_stats(f->outbox, &stats);
    return stats;
}

/* ---- what is put in ---- */

enum { LIVE, ENDS };

/* A flow of the type `type` whose error says `text`, with a body if `object`
 * is given. */
static void put_flow(struct mf_encoder *enc, uint32_t number, uint32_t type,
                     const char *id, const char *text, void *object)
{
    static uint8_t body[MF_SPLICE_MIN_LEN];
    struct mf_mark flow = mf_encoder_begin(enc, number);
    struct mf_mark own = mf_encoder_begin(enc, type);
    mf_encoder_bytes_opt(enc, 1, id, strlen(id));
    if (object) {
        struct mf_mark request = mf_encoder_begin(enc, 2);
        mf_encoder_body(enc, 4, body, sizeof body, object);
        mf_encoder_end(enc, request);
    }
    mf_encoder_bytes_opt(enc, type == 1 ? 8 : 7, text, strlen(text));
    mf_encoder_end(enc, own);
    mf_encoder_end(enc, flow);
}

static void push(struct fixture *f, const struct mf_encoder *enc,
                 struct mf_label label, const char *id, void *flow)
{
    label.id_len = (uint8_t)strlen(id);
    memcpy(label.id, id, strlen(id));
    label.at_ns = mf_clock_wall_ns();
    assert_int_equal(enc->error, 0);
    assert_int_equal(mf_queue_push(f->queue, enc, &label, flow, 0), 0);
    if (!f->is_busy)
        mf_outbox_advance(f->outbox, f->now_ns);
}

static void whole_with(struct fixture *f, const char *id, const char *text,
                       int is_end, void *object)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 20);
    put_flow(&enc, 1, 1, id, text, object);
    mf_encoder_varint_opt(&enc, 2, is_end ? 4 : 1);
    push(f, &enc,
         (struct mf_label){
             .kind = MF_KIND_WHOLE, .event = is_end ? 4 : 1, .is_end = is_end},
         id, NULL);
    mf_encoder_release(&enc);
}

static void whole(struct fixture *f, const char *id, const char *text,
                  int is_end)
{
    whole_with(f, id, text, is_end, NULL);
}

static void part(struct fixture *f, const char *id, const char *text,
                 int is_end)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 20);
    struct mf_mark mark = mf_encoder_begin(&enc, 101);
    mf_encoder_bytes(&enc, 1, id, strlen(id));
    put_flow(&enc, 2, 1, "", text, NULL);
    mf_encoder_end(&enc, mark);
    mf_encoder_varint_opt(&enc, 2, is_end ? 4 : 2);
    push(f, &enc,
         (struct mf_label){
             .kind = MF_KIND_PART, .event = is_end ? 4 : 2, .is_end = is_end},
         id, NULL);
    mf_encoder_release(&enc);
}

static void grown(struct fixture *f, const char *id, const char *text,
                  int is_end, void *flow)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 20);
    put_flow(&enc, 1, 3, id, text, NULL);
    mf_encoder_varint_opt(&enc, 2, 14);
    push(f, &enc,
         (struct mf_label){.kind = MF_KIND_WHOLE,
                           .event = 14,
                           .is_end = is_end,
                           .grows = true},
         id, flow);
    mf_encoder_release(&enc);
}

static void append(struct fixture *f, const char *id, const char *text,
                   int is_end, void *flow)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 20);
    struct mf_mark mark = mf_encoder_begin(&enc, 100);
    mf_encoder_bytes(&enc, 1, id, strlen(id));
    mf_encoder_bytes(&enc, 7, text, strlen(text));
    mf_encoder_end(&enc, mark);
    unsigned event = is_end ? 15 : 14;
    mf_encoder_varint_opt(&enc, 2, event);
    push(f, &enc,
         (struct mf_label){.kind = MF_KIND_APPEND,
                           .event = event,
                           .is_end = is_end,
                           .grows = true},
         id, flow);
    mf_encoder_release(&enc);
}

static void connection(struct fixture *f, const char *text)
{
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 20);
    struct mf_mark mark = mf_encoder_begin(&enc, 102);
    mf_encoder_bytes(&enc, 4, text, strlen(text));
    mf_encoder_end(&enc, mark);
    mf_encoder_varint_opt(&enc, 2, 100);
    push(f, &enc, (struct mf_label){.kind = MF_KIND_CONNECTION, .event = 100},
         "", NULL);
    mf_encoder_release(&enc);
}

/* ---- what comes out ---- */

static bool next(struct fixture *f, const struct mf_abilities *abilities)
{
    if (!mf_outbox_next(f->outbox, abilities, &f->out, f->now_ns))
        return false;
    f->len = 0;
    while (!mf_outgoing_is_idle(&f->out))
        f->len += mf_outgoing_read(&f->out, f->message + f->len,
                                   sizeof f->message - f->len);
    mf_outbox_read(f->outbox);
    assert_true(f->len > 5);
    return true;
}

static bool find(struct mf_wire_field *field, uint32_t number)
{
    return mf_wire_find(field->data, field->len, number, field);
}

/* The message as a line: "whole ID TEXT", "part ID TEXT" and so on. */
static const char *said(struct fixture *f)
{
    static char line[200];
    struct mf_wire_field all = {.data = f->message + 5, .len = f->len - 5};
    struct mf_wire_field at, id = {0}, text = {0};
    const char *kind = "?";
    if (at = all, find(&at, 1)) {
        kind = "whole";
        struct mf_wire_field own = at;
        bool is_http = find(&own, 1);
        if (!is_http)
            own = at, find(&own, 3);
        id = text = own;
        find(&id, 1);
        if (!find(&text, is_http ? 8 : 7))
            text.len = 0;
    } else if (at = all, find(&at, 101)) {
        kind = "part";
        id = text = at;
        find(&id, 1);
        if (!find(&text, 2) || !find(&text, 1) || !find(&text, 8))
            text.len = 0;
    } else if (at = all, find(&at, 100)) {
        kind = "append";
        id = text = at;
        find(&id, 1);
        find(&text, 7);
    } else if (at = all, find(&at, 102)) {
        kind = "connection";
        text = at;
        find(&text, 4);
    } else if (at = all, find(&at, 103)) {
        kind = "loss";
        text = at;
        find(&text, 5);
    }
    snprintf(line, sizeof line, "%s%s%.*s %.*s", kind, id.len ? " " : "",
             (int)id.len, id.data ? (const char *)id.data : "", (int)text.len,
             text.data ? (const char *)text.data : "");
    return line;
}

#define assert_next(f, abilities, line)     \
    do {                                    \
        assert_true(next(f, abilities));    \
        assert_string_equal(said(f), line); \
    } while (0)

static void pass(struct fixture *f, int64_t ns)
{
    f->now_ns += ns;
    mf_outbox_advance(f->outbox, f->now_ns);
}

static void ack(struct fixture *f, size_t count)
{
    mf_outbox_ack(f->outbox, count, NULL, NULL, f->now_ns);
}

static bool is_named(const void *user, const uint8_t *id, size_t len)
{
    const char *name = user;
    return len == strlen(name) && memcmp(id, name, len) == 0;
}

static void ack_missing(struct fixture *f, size_t count, const char *id)
{
    mf_outbox_ack(f->outbox, count, is_named, id, f->now_ns);
}

static void disconnect(struct fixture *f)
{
    mf_outgoing_reset(&f->out);
    mf_outbox_disconnected(f->outbox, f->now_ns);
}

/* ---- flows ---- */

static void events_of_a_flow_that_wait_go_out_as_one_message(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    part(&f, "a", "two", LIVE);
    assert_false(next(&f, &ALL)); /* more of it may come at once */
    part(&f, "a", "three", ENDS);
    assert_next(&f, &ALL, "whole a three");
    assert_false(next(&f, &ALL));
    ack(&f, 1);
    assert_int_equal(stats_of(&f).flows, 0);
    assert_int_equal(stats_of(&f).memory, 0);
    assert_int_equal(stats_of(&f).sent, 1);
    end(&f);
}

static void a_flow_that_lives_goes_out_after_a_moment(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    assert_false(next(&f, &ALL));
    int64_t due = mf_outbox_advance(f.outbox, f.now_ns);
    assert_true(due > f.now_ns && due < f.now_ns + 100 * MS);
    f.now_ns = due;
    mf_outbox_advance(f.outbox, f.now_ns);
    assert_next(&f, &ALL, "whole a one");
    end(&f);
}

static void only_what_changed_is_sent_then(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 50 * MS);
    assert_next(&f, &ALL, "whole a one");
    part(&f, "a", "two", LIVE);
    pass(&f, 50 * MS);
    assert_next(&f, &ALL, "part a two");
    part(&f, "a", "three", LIVE);
    part(&f, "a", "four", ENDS);
    assert_next(&f, &ALL, "part a four");
    ack(&f, 2);
    assert_int_equal(stats_of(&f).flows, 1);
    ack(&f, 1);
    assert_int_equal(stats_of(&f).flows, 0);
    end(&f);
}

static void a_server_without_parts_gets_wholes_one_at_a_time(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 50 * MS);
    assert_next(&f, &WHOLE_ONLY, "whole a one");
    part(&f, "a", "two", LIVE);
    pass(&f, 50 * MS);
    assert_false(next(&f, &WHOLE_ONLY));
    part(&f, "a", "three", ENDS);
    assert_false(next(&f, &WHOLE_ONLY));
    ack(&f, 1);
    assert_next(&f, &WHOLE_ONLY, "whole a three");
    ack(&f, 1);
    assert_int_equal(stats_of(&f).flows, 0);
    end(&f);
}

static void a_missing_flow_is_sent_whole(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 50 * MS);
    next(&f, &ALL);
    ack(&f, 1);
    part(&f, "a", "two", ENDS);
    assert_next(&f, &ALL, "part a two");
    ack_missing(&f, 1, "a");
    assert_next(&f, &ALL, "whole a two");
    ack_missing(&f, 1, "a"); /* which a whole flow cannot be */
    assert_false(next(&f, &ALL));
    assert_int_equal(stats_of(&f).flows, 0);
    assert_int_equal(stats_of(&f).lost, 0);
    end(&f);
}

static void what_cannot_be_had_whole_is_lost_when_missing(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    part(&f, "a", "two", ENDS);
    assert_next(&f, &ALL, "part a two");
    ack_missing(&f, 1, "a");
    assert_int_equal(stats_of(&f).lost, 1);
    assert_int_equal(stats_of(&f).flows, 0);
    part(&f, "b", "two", ENDS);
    assert_false(next(&f, &WHOLE_ONLY));
    assert_int_equal(stats_of(&f).lost, 2);
    end(&f);
}

static void
what_was_in_flight_comes_again_in_order_and_whole_to_the_next(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 50 * MS);
    next(&f, &ALL);
    ack(&f, 1);
    whole(&f, "b", "one", ENDS);
    part(&f, "a", "two", ENDS);
    whole(&f, "c", "one", ENDS);
    whole(&f, "d", "one", ENDS);
    for (int i = 0; i < 3; i++)
        assert_true(next(&f, &ALL));
    ack(&f, 1);
    disconnect(&f);
    assert_int_equal(stats_of(&f).in_flight, 0);
    assert_int_equal(stats_of(&f).waiting, 3);
    assert_next(&f, &ALL, "whole a two");
    assert_next(&f, &ALL, "whole c one");
    assert_next(&f, &ALL, "whole d one");
    ack(&f, 3);
    assert_true(mf_outbox_is_empty(f.outbox));
    end(&f);
}

static void many_parts_of_a_flow_become_one(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    size_t first = stats_of(&f).memory;
    for (int i = 0; i < 1000; i++)
        part(&f, "a", "again", LIVE);
    assert_true(stats_of(&f).memory < first + 16 * 400);
    part(&f, "a", "last", ENDS);
    assert_next(&f, &ALL, "whole a last");
    end(&f);
}

static void a_body_is_given_back_when_its_flow_is_acknowledged(void **state)
{
    (void)state;
    struct fixture f;
    int body;
    begin(&f);
    whole_with(&f, "a", "one", LIVE, &body);
    pass(&f, 50 * MS);
    assert_true(next(&f, &ALL));
    assert_true(f.len > MF_SPLICE_MIN_LEN);
    ack(&f, 1);
    assert_int_equal(count_dead(&f), 0); /* it may be wanted whole */
    part(&f, "a", "two", ENDS);
    next(&f, &ALL);
    assert_true(f.len < 100);
    ack(&f, 1);
    assert_int_equal(count_dead(&f), 1);
    end(&f);
}

static void flows_that_live_and_wait_for_nothing_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    char id[20];
    for (int i = 0; i < 60000; i++) {
        snprintf(id, sizeof id, "%d", i);
        whole(&f, id, "one", LIVE);
        if (i % 100 == 99) {
            pass(&f, 50 * MS);
            while (next(&f, &ALL))
                ;
            ack(&f, 100);
        }
    }
    assert_true(stats_of(&f).memory <= MF_OUTBOX_IDLE_LEN);
    assert_true(stats_of(&f).flows < 60000);
    /* The oldest are those that were let go. */
    part(&f, "0", "two", ENDS);
    part(&f, "59999", "two", ENDS);
    disconnect(&f);
    assert_next(&f, &ALL, "part 0 two");
    assert_next(&f, &ALL, "whole 59999 two");
    assert_int_equal(stats_of(&f).lost, 0);
    end(&f);
}

static void connections_events_go_only_to_a_server_that_takes_them(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    connection(&f, "first");
    whole(&f, "a", "one", ENDS);
    connection(&f, "second");
    assert_next(&f, &ALL, "connection first");
    assert_next(&f, &ALL, "whole a one");
    assert_next(&f, &ALL, "connection second");
    disconnect(&f);
    assert_next(&f, &WHOLE_ONLY, "whole a one");
    assert_false(next(&f, &WHOLE_ONLY));
    ack(&f, 1);
    assert_int_equal(stats_of(&f).lost, 0);
    assert_true(mf_outbox_is_empty(f.outbox));
    end(&f);
}

/* ---- flows that grow ---- */

static void a_whole_replaces_what_waits_of_a_growing_flow(void **state)
{
    (void)state;
    struct fixture f;
    int flow;
    begin(&f);
    grown(&f, "a", "one", LIVE, &flow);
    append(&f, "a", "two", LIVE, &flow);
    append(&f, "a", "three", LIVE, &flow);
    grown(&f, "a", "all", LIVE, &flow);
    append(&f, "a", "four", ENDS, &flow);
    assert_next(&f, &ALL, "whole a all");
    assert_next(&f, &ALL, "append a four");
    assert_false(next(&f, &ALL));
    assert_int_equal(count_dead(&f), 4); /* one for each but the last */
    ack(&f, 2);
    assert_int_equal(count_dead(&f), 1);
    assert_int_equal(stats_of(&f).flows, 0);
    end(&f);
}

static void a_growing_flow_that_is_missing_is_wanted_once(void **state)
{
    (void)state;
    struct fixture f;
    struct mf_wanted wanted;
    int flow;
    begin(&f);
    append(&f, "a", "one", LIVE, &flow);
    append(&f, "a", "two", LIVE, &flow);
    next(&f, &ALL);
    next(&f, &ALL);
    ack_missing(&f, 1, "a");
    assert_true(mf_queue_take_wanted(f.queue, &wanted));
    assert_ptr_equal(wanted.flow, &flow);
    assert_int_equal(wanted.event, 14);
    assert_false(wanted.is_end);
    ack_missing(&f, 1, "a");
    assert_false(mf_queue_take_wanted(f.queue, &wanted));
    /* What came before the answer ends it: this is news. */
    append(&f, "a", "three", ENDS, &flow);
    next(&f, &ALL);
    ack_missing(&f, 1, "a");
    assert_true(mf_queue_take_wanted(f.queue, &wanted));
    assert_true(wanted.is_end);
    grown(&f, "a", "all", ENDS, &flow);
    assert_next(&f, &ALL, "whole a all");
    ack(&f, 1);
    assert_int_equal(stats_of(&f).flows, 0);
    assert_int_equal(stats_of(&f).lost, 0);
    end(&f);
}

static void a_server_without_appends_makes_a_growing_flow_wanted(void **state)
{
    (void)state;
    struct fixture f;
    static const struct mf_abilities NONE;
    struct mf_wanted wanted;
    int flow;
    begin(&f);
    append(&f, "a", "one", LIVE, &flow);
    append(&f, "a", "two", LIVE, &flow);
    whole(&f, "b", "one", ENDS);
    assert_next(&f, &NONE, "whole b one");
    assert_true(mf_queue_take_wanted(f.queue, &wanted));
    assert_false(mf_queue_take_wanted(f.queue, &wanted));
    grown(&f, "a", "all", LIVE, &flow);
    assert_next(&f, &NONE, "whole a all");
    assert_int_equal(stats_of(&f).lost, 0);
    end(&f);
}

/* ---- losses ---- */

static void fill(struct fixture *f, unsigned count)
{
    static char text[4000];
    char id[20];
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < count; i++) {
        snprintf(id, sizeof id, "f%u", i);
        whole(f, id, text, ENDS);
    }
}

static void without_a_spool_the_oldest_that_waits_is_lost_and_told(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "sent", "one", ENDS);
    next(&f, &ALL);
    fill(&f, 2000);
    struct mf_outbox_stats stats = stats_of(&f);
    assert_true(stats.memory <= 4 << 20);
    assert_true(stats.lost > 500);
    assert_int_equal(stats.lost + stats.waiting + stats.in_flight, 2001);
    assert_next(&f, &ALL, "loss no more could wait in memory");
    char id[40];
    memcpy(id, f.message + 10, 32);
    disconnect(&f);
    assert_next(&f, &ALL, "loss no more could wait in memory");
    assert_memory_equal(id, f.message + 10, 32); /* it counts once */
    assert_next(&f, &ALL, "whole sent one");
    ack(&f, 2);
    disconnect(&f);
    next(&f, &ALL);
    assert_memory_equal(said(&f), "whole f", 7);
    end(&f);
}

static void what_no_server_takes_is_given_up(void **state)
{
    (void)state;
    struct fixture f;
    for (int has_spool = 0; has_spool < 2; has_spool++) {
        begin(&f);
        if (has_spool)
            open_spool(&f);
        whole(&f, "a", "one", ENDS);
        whole(&f, "b", "one", ENDS);
        next(&f, &ALL);
        disconnect(&f);
        mf_outbox_give_up(f.outbox, "the server does not take it");
        assert_int_equal(stats_of(&f).lost, 1);
        assert_next(&f, &ALL, "loss the server does not take it");
        assert_next(&f, &ALL, "whole b one");
        assert_false(next(&f, &ALL));
        ack(&f, 2);
        assert_true(mf_outbox_is_empty(f.outbox));
        end(&f);
    }
}

static void a_report_that_no_server_takes_is_given_up_alone(void **state)
{
    (void)state;
    struct fixture f;
    for (int has_spool = 0; has_spool < 2; has_spool++) {
        begin(&f);
        if (has_spool)
            open_spool(&f);
        whole(&f, "a", "one", ENDS);
        mf_outbox_lose(f.outbox, 7, 1, 2, "for the test");
        assert_next(&f, &ALL, "loss for the test");
        disconnect(&f);
        assert_false(
            mf_outbox_give_up(f.outbox, "the server does not take it"));
        assert_int_equal(stats_of(&f).lost, 7);
        assert_next(&f, &ALL, "whole a one");
        assert_false(next(&f, &ALL));
        ack(&f, 1);
        assert_true(mf_outbox_is_empty(f.outbox));
        end(&f);
    }
}

static void
a_report_on_disk_that_no_server_takes_is_given_up_alone(void **state)
{
    (void)state;
    struct fixture f;
    begin_with_spool(&f);
    mf_outbox_lose(f.outbox, 7, 1, 2, "for the test");
    mf_outbox_seal(f.outbox);
    mf_outbox_free(f.outbox);
    f.outbox = mf_outbox_new(f.queue);
    open_spool(&f);
    whole(&f, "a", "one", ENDS);
    assert_next(&f, &ALL, "loss for the test");
    disconnect(&f);
    assert_false(mf_outbox_give_up(f.outbox, "the server does not take it"));
    assert_int_equal(stats_of(&f).lost, 0);
    assert_next(&f, &ALL, "whole a one");
    assert_false(next(&f, &ALL));
    end(&f);
}

static void what_the_spool_cannot_keep_is_given_up_too(void **state)
{
    (void)state;
    struct fixture f;
    char text[2000];
    begin(&f);
    open_spool_of(&f, 1000);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    whole(&f, "a", text, ENDS);
    assert_true(next(&f, &ALL));
    disconnect(&f);
    assert_int_equal(stats_of(&f).spool.records, 0);
    mf_outbox_give_up(f.outbox, "the server does not take it");
    assert_int_equal(stats_of(&f).lost, 1);
    assert_next(&f, &ALL, "loss the server does not take it");
    assert_false(next(&f, &ALL));
    end(&f);
}

static void what_outgrows_the_spool_is_sent_from_memory(void **state)
{
    (void)state;
    struct fixture f;
    char text[2000];
    begin(&f);
    open_spool_of(&f, 1000);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    whole(&f, "a", "one", LIVE);
    assert_false(next(&f, &WHOLE_ONLY));
    pass(&f, 300 * MS);
    assert_int_equal(stats_of(&f).spool.records, 1);
    whole(&f, "a", text, ENDS);
    pass(&f, 300 * MS);
    disconnect(&f);
    size_t longest = 0;
    while (next(&f, &WHOLE_ONLY))
        longest = f.len > longest ? f.len : longest;
    assert_true(longest > sizeof text);
    end(&f);
}

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

static void
what_is_lost_while_in_flight_twice_goes_once_with_the_server(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    whole(&f, "a", "one", LIVE);
    pass(&f, 25 * MS);
    assert_next(&f, &ALL, "whole a one");
    part(&f, "a", "two", LIVE);
    pass(&f, 25 * MS);
    assert_next(&f, &ALL, "part a two");
    part(&f, "a", "three", ENDS);
    fill(&f, 2000);
    assert_true(stats_of(&f).lost > 500);
    size_t flows = stats_of(&f).flows;
    disconnect(&f);
    assert_int_equal(stats_of(&f).in_flight, 0);
    assert_int_equal(stats_of(&f).flows, flows - 1);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_a_flow_that_wait_go_out_as_one_message),
        cmocka_unit_test(a_flow_that_lives_goes_out_after_a_moment),
        cmocka_unit_test(only_what_changed_is_sent_then),
        cmocka_unit_test(a_server_without_parts_gets_wholes_one_at_a_time),
        cmocka_unit_test(a_missing_flow_is_sent_whole),
        cmocka_unit_test(what_cannot_be_had_whole_is_lost_when_missing),
        cmocka_unit_test(
            what_was_in_flight_comes_again_in_order_and_whole_to_the_next),
        cmocka_unit_test(many_parts_of_a_flow_become_one),
        cmocka_unit_test(a_body_is_given_back_when_its_flow_is_acknowledged),
        cmocka_unit_test(flows_that_live_and_wait_for_nothing_are_bounded),
        cmocka_unit_test(
            connections_events_go_only_to_a_server_that_takes_them),
        cmocka_unit_test(a_whole_replaces_what_waits_of_a_growing_flow),
        cmocka_unit_test(a_growing_flow_that_is_missing_is_wanted_once),
        cmocka_unit_test(a_server_without_appends_makes_a_growing_flow_wanted),
        cmocka_unit_test(
            without_a_spool_the_oldest_that_waits_is_lost_and_told),
        cmocka_unit_test(what_no_server_takes_is_given_up),
        cmocka_unit_test(a_report_that_no_server_takes_is_given_up_alone),
        cmocka_unit_test(
            a_report_on_disk_that_no_server_takes_is_given_up_alone),
        cmocka_unit_test(what_the_spool_cannot_keep_is_given_up_too),
        cmocka_unit_test(what_outgrows_the_spool_is_sent_from_memory),
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
        cmocka_unit_test(
            what_is_lost_while_in_flight_twice_goes_once_with_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "outbox_support.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "pb/wire.h"

const struct mf_abilities ALL = {
    .appends = true, .parts = true, .connections = true, .losses = true};
const struct mf_abilities WHOLE_ONLY = {.appends = true};

int writes_that_fail;

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

static void on_loss(void *user, uint64_t count, int64_t from_ns, int64_t to_ns,
                    const char *reason)
{
    struct fixture *f = user;
    f->losses += count;
    mf_outbox_lose(f->outbox, count, from_ns, to_ns, reason);
}

void begin_with(struct fixture *f, size_t queue_max)
{
    memset(f, 0, sizeof *f);
    f->queue = mf_queue_new(queue_max);
    f->outbox = mf_outbox_new(f->queue);
    f->now_ns = 1000 * MF_NS_PER_S;
    mf_outgoing_init(&f->out);
}

void begin(struct fixture *f)
{
    begin_with(f, 8 << 20);
}

void open_spool_of(struct fixture *f, uint64_t max_bytes)
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

void open_spool(struct fixture *f)
{
    open_spool_of(f, 64 << 20);
}

void begin_with_spool(struct fixture *f)
{
    begin_with(f, 64 << 20);
    open_spool(f);
}

size_t count_dead(struct fixture *f)
{
    size_t count = 0;
    while (mf_queue_take_dead(f->queue))
        count++;
    return count;
}

void end(struct fixture *f)
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

struct mf_outbox_stats stats_of(struct fixture *f)
{
    struct mf_outbox_stats stats;
    mf_outbox_get_stats(f->outbox, &stats);
    return stats;
}

/* ---- what is put in ---- */

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

void push(struct fixture *f, const struct mf_encoder *enc,
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

void whole_with(struct fixture *f, const char *id, const char *text, int is_end,
                void *object)
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

void whole(struct fixture *f, const char *id, const char *text, int is_end)
{
    whole_with(f, id, text, is_end, NULL);
}

void part(struct fixture *f, const char *id, const char *text, int is_end)
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

void grown(struct fixture *f, const char *id, const char *text, int is_end,
           void *flow)
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

void append(struct fixture *f, const char *id, const char *text, int is_end,
            void *flow)
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

void connection(struct fixture *f, const char *text)
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

void fill(struct fixture *f, unsigned count)
{
    char text[4000];
    char id[20];
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < count; i++) {
        snprintf(id, sizeof id, "f%u", i);
        whole(f, id, text, ENDS);
    }
}

/* ---- what comes out ---- */

bool next(struct fixture *f, const struct mf_abilities *abilities)
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
const char *said(struct fixture *f)
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

void pass(struct fixture *f, int64_t ns)
{
    f->now_ns += ns;
    mf_outbox_advance(f->outbox, f->now_ns);
}

void ack(struct fixture *f, size_t count)
{
    mf_outbox_ack(f->outbox, count, NULL, NULL, f->now_ns);
}

static bool is_named(const void *user, const uint8_t *id, size_t len)
{
    const char *name = user;
    return len == strlen(name) && memcmp(id, name, len) == 0;
}

void ack_missing(struct fixture *f, size_t count, const char *id)
{
    mf_outbox_ack(f->outbox, count, is_named, id, f->now_ns);
}

void disconnect(struct fixture *f)
{
    mf_outgoing_reset(&f->out);
    mf_outbox_disconnected(f->outbox, f->now_ns);
}

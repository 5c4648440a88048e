/* Any order of messages, acknowledgements and lost connections: nothing is
 * left in memory, every object is given back once, and nothing is lost that
 * is not counted. The first byte's lowest bit asks for a spool. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "exporter/sender/outbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    abort();
}

struct world {
    struct mf_queue *queue;
    struct mf_outbox *outbox;
    struct mf_outgoing out;
    int64_t now_ns;
    char dir[40];
    size_t objects; /* that were given */
};

static uint8_t body[MF_SPLICE_MIN_LEN];

static void push(struct world *world, uint8_t what, uint8_t how)
{
    static const uint32_t fields[] = {1, 1, 101, 100, 102};
    struct mf_label label = {
        .kind = (enum mf_kind)(1 + what % 4),
        .event = 1 + how % 4,
        .is_end = how & 4,
        .grows = (how & 8) || what % 4 == 2,
    };
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1 << 16);
    if (label.kind != MF_KIND_CONNECTION) {
        label.id_len = 1;
        label.id[0] = (char)('a' + (how >> 6));
    }
    struct mf_mark mark = mf_encoder_begin(&enc, fields[label.kind]);
    mf_encoder_bytes(&enc, 1, label.id, label.id_len);
    if (label.kind == MF_KIND_PART)
        mf_encoder_bytes(&enc, 2, "\x0a\x02\x50\x01", 4);
    if (label.kind == MF_KIND_WHOLE) {
        mf_buf_clear(&enc.buf);
        mark = mf_encoder_begin(&enc, 1);
        struct mf_mark flow = mf_encoder_begin(&enc, 1);
        mf_encoder_bytes(&enc, 1, label.id, 1);
        struct mf_mark request = mf_encoder_begin(&enc, 2);
        if (how & 16)
            mf_encoder_body(&enc, 4, body, sizeof body, body);
        mf_encoder_end(&enc, request);
        mf_encoder_end(&enc, flow);
    }
    mf_encoder_end(&enc, mark);
    mf_encoder_varint_opt(&enc, 2, label.event);
    void *flow = label.grows && label.id_len ? body : NULL;
    if (mf_queue_push(world->queue, &enc, &label, flow, 0))
        fail("the queue takes no more");
    world->objects += enc.splice_count + (flow != NULL);
    mf_encoder_release(&enc);
}

static void send_some(struct world *world, uint8_t how)
{
    const struct mf_abilities abilities = {
        .published = how & 1,
        .appends = how & 2,
        .parts = how & 4,
        .connections = how & 8,
        .losses = how & 16,
        .body_max = 100000,
    };
    uint8_t bytes[1000];
    for (int i = how >> 5; i >= 0; i--) {
        if (!mf_outbox_next(world->outbox, &abilities, &world->out,
                            world->now_ns))
            return;
        while (!mf_outgoing_is_idle(&world->out))
            mf_outgoing_read(&world->out, bytes, sizeof bytes);
        mf_outbox_read(world->outbox);
    }
}

static bool is_missing(const void *user, const uint8_t *id, size_t len)
{
    return len == 1 && id[0] == *(const uint8_t *)user;
}

static void collect(struct world *world)
{
    struct mf_wanted wanted;
    while (mf_queue_take_dead(world->queue))
        world->objects--;
    while (mf_queue_take_wanted(world->queue, &wanted))
        world->objects--;
    mf_queue_wanted_told(world->queue);
}

static void step(struct world *world, uint8_t what, uint8_t how)
{
    uint8_t id = (uint8_t)('a' + (how >> 6));
    switch (what >> 5) {
    case 0:
    case 1:
    case 2:
        push(world, what, how);
        break;
    case 3:
        send_some(world, how);
        break;
    case 4:
        mf_outbox_ack(world->outbox, how & 15, how & 16 ? is_missing : NULL,
                      &id, world->now_ns);
        break;
    case 5:
        world->now_ns += (int64_t)how * 4 * MF_NS_PER_MS;
        mf_outbox_advance(world->outbox, world->now_ns);
        break;
    case 6:
        collect(world);
        break;
    default:
        mf_outgoing_reset(&world->out);
        mf_outbox_disconnected(world->outbox, world->now_ns);
        if (how == 255)
            mf_outbox_give_up(world->outbox, "nobody takes it");
    }
}

static void on_loss(void *user, uint64_t count, int64_t from_ns, int64_t to_ns,
                    const char *reason)
{
    struct world *world = user;
    mf_outbox_lose(world->outbox, count, from_ns, to_ns, reason);
}

static void open_spool(struct world *world)
{
    struct mf_spool *spool;
    const struct mf_spool_opts opts = {.dir = world->dir,
                                       .max_bytes = 1 << 20,
                                       .on_loss = on_loss,
                                       .user = world};
    snprintf(world->dir, sizeof world->dir, "/tmp/mitmflow-fuzz-XXXXXX");
    struct mf_err err;
    if (!mkdtemp(world->dir) || mf_spool_open(&opts, &spool, &err))
        fail("no spool");
    mf_outbox_set_spool(world->outbox, spool);
}

static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        char name[400];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        unlink(name);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = {
        .queue = mf_queue_new((size_t)64 << 20),
        .now_ns = MF_NS_PER_S,
    };
    world.outbox = mf_outbox_new(world.queue);
    mf_outgoing_init(&world.out);
    if (size && data[0] & 1)
        open_spool(&world);
    for (size_t at = 1; at + 1 < size && at < 4000; at += 2)
        step(&world, data[at], data[at + 1]);
    mf_outgoing_reset(&world.out);
    mf_outbox_advance(world.outbox, world.now_ns);
    mf_outbox_seal(world.outbox);
    struct mf_outbox_stats stats;
    mf_outbox_get_stats(world.outbox, &stats);
    if (stats.memory || stats.flows || stats.in_flight)
        fail("something is left in memory");
    mf_outbox_free(world.outbox);
    collect(&world);
    struct mf_queue_stats queue;
    mf_queue_get_stats(world.queue, &queue);
    if (world.objects || queue.memory)
        fail("an object was not given back");
    mf_queue_free(world.queue);
    mf_outgoing_release(&world.out);
    if (world.dir[0])
        remove_folder(world.dir);
    return 0;
}

/*
 * What the spool costs: microseconds of CPU for each record that is added,
 * read back and acknowledged, bytes on disk, and memory.
 *
 * usage: bench-spool FOLDER [RECORDS]
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "exporter/spool/spool.h"

enum { RECORD_LEN = 2500, BODY_LEN = 16 << 20, FLUSH_EVERY = 500 };

static void require(int rc, const char *what)
{
    if (rc) {
        fprintf(stderr, "bench-spool: %s\n", what);
        exit(1);
    }
}

/* Of this thread's CPU: others may use the machine. */
static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * MF_NS_PER_S + now.tv_nsec;
}

static void on_loss(void *user, uint64_t count, int64_t from_ns, int64_t to_ns,
                    const char *reason)
{
    (void)user;
    (void)from_ns;
    (void)to_ns;
    fprintf(stderr, "bench-spool: %llu lost: %s\n", (unsigned long long)count,
            reason);
    exit(1);
}

/* Like a flow: mostly the same from one to the next; a certificate, ids and
 * times that are not. */
static void make_record(uint8_t *data, unsigned number)
{
    static const char text[] =
        "GET http://example.org/static/page?session=%u HTTP/1.1 user-agent: "
        "Mozilla/5.0 (X11; Linux x86_64) accept: text/html,application/xml ";
    unsigned seed = number + 1;
    for (size_t at = 0; at < RECORD_LEN; at++)
        data[at] = (uint8_t)text[at % (sizeof text - 1)];
    for (size_t at = 300; at < 800; at++)
        data[at] = (uint8_t)rand_r(&seed);
    memcpy(data, &number, sizeof number);
}

static void add_all(struct mf_spool *spool, unsigned count)
{
    static uint8_t data[64][RECORD_LEN];
    const struct mf_label label = {.kind = MF_KIND_WHOLE,
                                   .id_len = 36,
                                   .id = "12345678-1234-1234-1234-12345678"};
    mf_spool_position position;
    for (unsigned i = 0; i < 64; i++)
        make_record(data[i], i);
    int64_t start = cpu_ns();
    for (unsigned i = 0; i < count; i++) {
        const struct mf_spliced message = {data[i % 64], RECORD_LEN, NULL, 0};
        require(mf_spool_add(spool, &label, &message, &position), "add");
        if (i % FLUSH_EVERY == 0)
            require(mf_spool_flush(spool, NULL), "flush");
    }
    require(mf_spool_flush(spool, NULL), "flush");
    struct mf_spool_stats stats;
    mf_spool_get_stats(spool, &stats);
    struct mallinfo2 heap = mallinfo2();
    printf("add     %6.2f us a record of %d B, %.0f B of it on disk, %.1f KiB "
           "of heap in all\n",
           (double)(cpu_ns() - start) / 1e3 / count, RECORD_LEN,
           (double)stats.bytes / count,
           (double)(heap.uordblks + heap.hblkhd) / 1024);
}

static void read_all(struct mf_spool *spool, unsigned count)
{
    struct mf_spool_item item;
    unsigned found = 0;
    int64_t start = cpu_ns();
    while (mf_spool_next(spool, &item) == 0) {
        mf_spool_ack(spool, item.position);
        if (++found % FLUSH_EVERY == 0)
            require(mf_spool_flush(spool, NULL), "flush");
    }
    require(found != count, "records are missing");
    printf("read    %6.2f us a record, acknowledged too\n",
           (double)(cpu_ns() - start) / 1e3 / count);
}

static void add_body(struct mf_spool *spool)
{
    uint8_t *body = malloc(BODY_LEN);
    require(!body, "memory");
    unsigned seed = 1;
    for (size_t i = 0; i < BODY_LEN; i++)
        body[i] = (uint8_t)rand_r(&seed);
    const struct mf_label label = {.kind = MF_KIND_WHOLE};
    const struct mf_splice splice = {RECORD_LEN, body, BODY_LEN, NULL};
    const struct mf_spliced message = {body, RECORD_LEN, &splice, 1};
    mf_spool_position position;
    int64_t start = cpu_ns();
    require(mf_spool_add(spool, &label, &message, &position), "add");
    require(mf_spool_flush(spool, NULL), "flush");
    printf("a body of 16 MiB   %.1f ms\n", (double)(cpu_ns() - start) / 1e6);
    mf_spool_ack(spool, position);
    free(body);
}

static struct mf_spool *open_spool(const char *dir)
{
    struct mf_spool *spool;
    struct mf_err err = {0};
    const struct mf_spool_opts opts = {
        .dir = dir, .max_bytes = (uint64_t)64 << 30, .on_loss = on_loss};
    int64_t start = cpu_ns();
    require(mf_spool_open(&opts, &spool, &err), err.text);
    struct mf_spool_stats stats;
    mf_spool_get_stats(spool, &stats);
    printf("open    %6.1f ms, %llu records found\n",
           (double)(cpu_ns() - start) / 1e6, (unsigned long long)stats.records);
    return spool;
}

int main(int argc, char **argv)
{
    unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 200000;
    if (argc < 2 || count == 0) {
        fprintf(stderr, "usage: bench-spool FOLDER [RECORDS]\n");
        return 2;
    }
    struct mf_spool *spool = open_spool(argv[1]);
    add_all(spool, count);
    mf_spool_close(spool);
    spool = open_spool(argv[1]);
    read_all(spool, count);
    add_body(spool);
    mf_spool_close(spool);
    return 0;
}

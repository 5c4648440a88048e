/*
 * A folder with one segment file that says anything. The first byte tells
 * whether the file is the rest as it is, or entries whose checksums are made
 * right, so that what is behind them is reached: each is a header's bytes and
 * the length of a payload.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "exporter/spool/bytes.h"
#include "exporter/spool/segment.h"
#include "exporter/spool/spool.h"

#define NAME "/0000000000000001-0000000000000002.seg"

enum { HEAD_LEN = MF_SPOOL_HEAD_LEN, ENTRY_LEN = MF_SPOOL_ENTRY_LEN };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static void remove_dir(void)
{
    rmdir(dir);
}

static void make_dir(void)
{
    snprintf(dir, sizeof dir, "%s/mitmflow-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(dir))
        abort();
    atexit(remove_dir);
}

static void put(int fd, const void *data, size_t len)
{
    if (write(fd, data, len) != (ssize_t)len)
        abort();
}

/* A head as it has to be. */
static void put_head(int fd, struct mf_spool_segment *segment)
{
    uint8_t head[HEAD_LEN] = "MFSPOOL1";
    segment->salt = 7;
    mf_spool__put64(head + 8, segment->salt);
    mf_spool__put32(head + 16, (uint32_t)crc32_z(0, head, 16));
    put(fd, head, sizeof head);
}

/* kind, first and count in a byte each, raw and stored length in two each;
 * then the payload. */
static void put_entries(int fd, const uint8_t *data, size_t size)
{
    enum { SHORT_LEN = 7 };
    struct mf_spool_segment segment = {0};
    put_head(fd, &segment);
    while (size >= SHORT_LEN) {
        size_t stored = data[5] | (size_t)data[6] << 8;
        if (stored > size - SHORT_LEN)
            stored = size - SHORT_LEN;
        const struct mf_spool_entry entry = {
            .kind = (enum mf_spool_entry_kind)(data[0] % 4),
            .first = data[1],
            .count = data[2],
            .raw_len = data[3] | (uint32_t)data[4] << 8,
            .stored_len = (uint32_t)stored,
        };
        uint8_t *whole = malloc(ENTRY_LEN + stored);
        if (!whole)
            abort();
        memcpy(whole + ENTRY_LEN, data + SHORT_LEN, stored);
        mf_spool__segment_put_header(&segment, &entry, whole);
        put(fd, whole, ENTRY_LEN + stored);
        free(whole);
        data += SHORT_LEN + stored;
        size -= SHORT_LEN + stored;
    }
}

static void put_file(const uint8_t *data, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s" NAME, dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        abort();
    if (size > 0 && data[0] % 2)
        put_entries(fd, data + 1, size - 1);
    else if (size > 0)
        put(fd, data + 1, size - 1);
    close(fd);
}

static void on_loss(void *user, uint64_t count, int64_t from_ns, int64_t to_ns,
                    const char *reason)
{
    (void)from_ns;
    (void)to_ns;
    if (count == 0 || !reason)
        abort();
    *(uint64_t *)user += count;
}

/* All records, some of them acknowledged, twice. */
static void read_all(struct mf_spool *spool)
{
    static volatile uint8_t sink;
    struct mf_spool_item item;
    for (int round = 0; round < 2; round++) {
        while (mf_spool_next(spool, &item) == 0) {
            for (size_t i = 0; i < item.len; i++)
                sink = (uint8_t)(sink ^ item.data[i]);
            if (item.position % 3 == 0)
                mf_spool_ack(spool, item.position);
        }
        mf_spool_flush(spool, NULL);
        mf_spool_rewind(spool);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t lost = 0;
    struct mf_spool *spool;
    const struct mf_spool_opts opts = {
        .dir = dir, .max_bytes = 1 << 20, .on_loss = on_loss, .user = &lost};
    if (!dir[0])
        make_dir();
    put_file(data, size);
    if (mf_spool_open(&opts, &spool, NULL))
        abort();
    struct mf_spool_stats stats;
    mf_spool_get_stats(spool, &stats);
    uint64_t records = stats.records;
    read_all(spool);
    mf_spool_get_stats(spool, &stats);
    if (stats.records > records || stats.unread > stats.records)
        abort();
    while (mf_spool_give_up_oldest(spool, "fuzz"))
        ;
    mf_spool_rewind(spool);
    mf_spool_get_stats(spool, &stats);
    if (stats.records || stats.bytes)
        abort();
    mf_spool_close(spool);
    return 0;
}

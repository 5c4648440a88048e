#include "ring.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../net/client.h"
#include "message.h"
#include "pb/wire.h"

enum { MESSAGE_MAX = 64 * 1024 };

struct blank {
    uint32_t at;
    uint8_t kind;
    uint8_t after_ms;
};

struct template
{
    uint8_t *bytes;
    size_t len;
    struct blank *blanks;
    size_t blank_count;
};

struct ring {
    uint64_t seed;
    size_t count;
    int snapshots;
    size_t max_len;
    uint64_t total_len;
    struct template *templates; /* count times snapshots */
};

/* ---- what is in a flow ---- */

static uint64_t of(uint64_t seed, uint64_t n, unsigned what)
{
    return mix64(mix64(seed + what) ^ mix64(n * 16 + what));
}

void flow_id(uint64_t seed, uint64_t n, char text[UUID_LEN])
{
    uuid_put(text, of(seed, n, 1), of(seed, n, 2));
}

void flow_uuid(uint64_t seed, uint64_t n, char text[UUID_LEN])
{
    uuid_put(text, of(seed, n, 3), of(seed, n, 4));
}

void flow_token(uint64_t seed, uint64_t n, char text[TOKEN_LEN])
{
    token_put(text, of(seed, n, 5), of(seed, n, 6));
}

uint32_t flow_name(uint64_t seed, uint64_t n)
{
    return rank_of(of(seed, n, 7), NAME_RANKS);
}

int64_t clock_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- the ring ---- */

static void find_blanks(struct template *t)
{
    uint8_t *at = t->bytes, *end = at + t->len;
    while ((at = memmem(at, (size_t)(end - at), BLANK_MARK, BLANK_MARK_LEN))) {
        uint8_t kind = at[BLANK_MARK_LEN];
        if (!blank_len(kind))
            fail("a blank of no kind");
        t->blanks =
            realloc(t->blanks, (t->blank_count + 1) * sizeof *t->blanks);
        if (!t->blanks)
            fail("out of memory");
        t->blanks[t->blank_count++] =
            (struct blank){(uint32_t)(at - t->bytes), kind,
                           kind == BLANK_TIME ? at[BLANK_MARK_LEN + 1] : 0};
        at += blank_len(kind);
    }
}

static void make(struct template *t, uint64_t seed, int stage, bool whole)
{
    struct mf_buf buf;
    mf_buf_init(&buf, MESSAGE_MAX);
    if (mf_buf_append(&buf, "\0\0\0\0\0", PREFIX_LEN))
        fail("out of memory");
    message_put(&buf, seed, stage, whole);
    size_t len = buf.len - PREFIX_LEN;
    for (int i = 1; i < PREFIX_LEN; i++)
        buf.data[i] = (uint8_t)(len >> (32 - 8 * i));
    t->bytes = mf_buf_take(&buf, &t->len);
    find_blanks(t);
}

struct ring *ring_new(uint64_t seed, size_t count, int snapshots, bool whole)
{
    struct ring *ring = calloc(1, sizeof *ring);
    if (ring)
        ring->templates =
            calloc(count * (size_t)snapshots, sizeof *ring->templates);
    if (!ring || !ring->templates)
        fail("out of memory");
    ring->seed = seed;
    ring->count = count;
    ring->snapshots = snapshots;
    for (size_t i = 0; i < count; i++)
        for (int s = 0; s < snapshots; s++) {
            struct template *t =
                &ring->templates[i * (size_t)snapshots + (size_t)s];
            make(t, mix64(seed) + i, STAGES - snapshots + s, whole);
            ring->total_len += t->len;
            if (t->len > ring->max_len)
                ring->max_len = t->len;
        }
    return ring;
}

void ring_free(struct ring *ring)
{
    for (size_t i = 0; i < ring->count * (size_t)ring->snapshots; i++) {
        free(ring->templates[i].bytes);
        free(ring->templates[i].blanks);
    }
    free(ring->templates);
    free(ring);
}

size_t ring_max_len(const struct ring *ring)
{
    return ring->max_len;
}

double ring_mean_len(const struct ring *ring)
{
    return (double)ring->total_len / ((double)ring->count * ring->snapshots);
}

/* ---- a flow ---- */

/* A padded varint, so that it is always as long (protobuf allows it). */
static void varint5(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 5; i++, value >>= 7)
        at[i] = (uint8_t)(value & 127) | (i < 4 ? 128 : 0);
}

static void put_time(uint8_t *at, int64_t ns)
{
    at[0] = 1 << 3 | MF_WIRE_VARINT;
    varint5(at + 1, (uint64_t)(ns / 1000000000));
    at[6] = 2 << 3 | MF_WIRE_VARINT;
    varint5(at + 7, (uint64_t)(ns % 1000000000));
}

/* The texts of one flow. */
struct texts {
    char id[UUID_LEN], uuid[UUID_LEN], client[UUID_LEN], server[UUID_LEN];
    char token[TOKEN_LEN], name[NAME_LEN];
    char number[NUMBER_LEN], clock[CLOCK_LEN];
};

static void fill(const struct blank *blank, const struct texts *texts,
                 int64_t start_ns, uint8_t *at)
{
    switch (blank->kind) {
    case BLANK_ID:
        memcpy(at, texts->id, UUID_LEN);
        break;
    case BLANK_UUID:
        memcpy(at, texts->uuid, UUID_LEN);
        break;
    case BLANK_CLIENT:
        memcpy(at, texts->client, UUID_LEN);
        break;
    case BLANK_SERVER:
        memcpy(at, texts->server, UUID_LEN);
        break;
    case BLANK_TOKEN:
        memcpy(at, texts->token, TOKEN_LEN);
        break;
    case BLANK_NAME:
        memcpy(at, texts->name, NAME_LEN);
        break;
    case BLANK_NUMBER:
        memcpy(at, texts->number, NUMBER_LEN);
        break;
    case BLANK_CLOCK:
        memcpy(at, texts->clock, CLOCK_LEN);
        break;
    default:
        put_time(at, start_ns + blank->after_ms * 1000000);
    }
}

size_t ring_put(const struct ring *ring, uint64_t n, int stage,
                int64_t start_ns, uint8_t *at)
{
    size_t index = (size_t)(mix64(n ^ ring->seed) % ring->count);
    const struct template *t =
        &ring->templates[index * (size_t)ring->snapshots + (size_t)stage];
    struct texts texts;
    flow_id(ring->seed, n, texts.id);
    flow_uuid(ring->seed, n, texts.uuid);
    uuid_put(texts.client, of(ring->seed, n / 8, 9), of(ring->seed, n / 8, 10));
    uuid_put(texts.server, of(ring->seed, n / 4, 11),
             of(ring->seed, n / 4, 12));
    flow_token(ring->seed, n, texts.token);
    name_put(texts.name, flow_name(ring->seed, n));
    digits_put(texts.number, NUMBER_LEN, of(ring->seed, n, 8));
    digits_put(texts.clock, CLOCK_LEN, (uint64_t)clock_ns());
    memcpy(at, t->bytes, t->len);
    for (size_t i = 0; i < t->blank_count; i++)
        fill(&t->blanks[i], &texts, start_ns, at + t->blanks[i].at);
    return t->len;
}

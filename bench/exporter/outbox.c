/*
 * The sender's own work for each flow, without a server: intake, putting
 * together, the frame's bytes, acknowledgement.
 *
 *     bench-outbox [FLOWS]
 *
 * A flow comes in four messages of 1.6 KB in all, as an https request with
 * headers does; here all of them are there before it is sent ("one"), or each
 * goes out by itself ("each").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "exporter/sender/outbox.h"

enum { BATCH = 50 };

static double cpu_s(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void put_headers(struct mf_encoder *enc, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mf_mark mark = mf_encoder_begin(enc, 100);
        mf_encoder_bytes(enc, 1, "x-some-header", 13);
        mf_encoder_bytes(enc, 2, "some value that is not short", 28);
        mf_encoder_end(enc, mark);
    }
}

/* The message of this step of a flow's life. */
static void encode(struct mf_encoder *enc, const char *id, int step)
{
    static const uint8_t conn[500] = {0x0a, 0};
    mf_encoder_clear(enc);
    struct mf_mark part = mf_encoder_begin(enc, step ? 101 : 1), flow = part;
    if (step) {
        mf_encoder_bytes(enc, 1, id, 36);
        flow = mf_encoder_begin(enc, 2);
    }
    struct mf_mark http = mf_encoder_begin(enc, 1);
    if (step == 0) {
        mf_encoder_bytes(enc, 1, id, 36);
        mf_encoder_bytes(enc, 6, conn, sizeof conn);
    }
    struct mf_mark half = mf_encoder_begin(enc, step < 2 ? 2 : 3);
    if (step == 0 || step == 2)
        put_headers(enc, 8);
    else
        mf_encoder_bytes(enc, step < 2 ? 4 : 3, conn, 200);
    mf_encoder_end(enc, half);
    mf_encoder_double_opt(enc, 5, step + 0.5);
    mf_encoder_varint_opt(enc, 10, step < 3);
    mf_encoder_end(enc, http);
    if (step)
        mf_encoder_end(enc, flow);
    mf_encoder_end(enc, part);
    mf_encoder_varint_opt(enc, 2, (uint64_t)step + 1);
}

static size_t drain(struct mf_outbox *outbox, struct mf_outgoing *out,
                    int64_t now_ns)
{
    static const struct mf_abilities all = {
        .appends = true, .parts = true, .connections = true, .losses = true};
    static uint8_t bytes[65536];
    size_t count = 0, len = 0;
    while (mf_outbox_next(outbox, &all, out, now_ns)) {
        while (!mf_outgoing_is_idle(out))
            len += mf_outgoing_read(out, bytes, sizeof bytes);
        mf_outbox_read(outbox);
        count++;
    }
    mf_outbox_ack(outbox, count, NULL, NULL, now_ns);
    return len;
}

static void run(size_t flows, bool each)
{
    struct mf_queue *queue = mf_queue_new((size_t)64 << 20);
    struct mf_outbox *outbox = mf_outbox_new(queue);
    struct mf_outgoing out;
    struct mf_encoder enc;
    mf_outgoing_init(&out);
    mf_encoder_init(&enc, 1 << 20);
    double own = 0;
    size_t len = 0;
    int64_t now_ns = MF_NS_PER_S;
    char id[40];
    for (size_t done = 0; done < flows; done += BATCH) {
        for (int step = 0; step < 4; step++) {
            for (size_t i = 0; i < BATCH; i++) {
                struct mf_label label = {
                    .kind = step ? MF_KIND_PART : MF_KIND_WHOLE,
                    .event = (unsigned)step + 1,
                    .is_end = step == 3,
                    .id_len = 36,
                };
                snprintf(id, sizeof id, "%036zu", done + i);
                memcpy(label.id, id, 36);
                encode(&enc, id, step);
                mf_queue_push(queue, &enc, &label, NULL, 0);
            }
            now_ns += MF_NS_PER_S / 10;
            double start = cpu_s();
            if (each || step == 3) {
                mf_outbox_advance(outbox, now_ns);
                mf_outbox_advance(outbox, now_ns += MF_NS_PER_S / 10);
                len += drain(outbox, &out, now_ns);
            }
            own += cpu_s() - start;
        }
    }
    printf("%s: %.2f us a flow, %zu bytes\n", each ? "each" : "one",
           own * 1e6 / (double)flows, len / flows);
    mf_outbox_free(outbox);
    mf_queue_free(queue);
    mf_outgoing_release(&out);
    mf_encoder_release(&enc);
}

int main(int argc, char **argv)
{
    size_t flows = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 200000;
    run(flows, false);
    run(flows, true);
    return 0;
}

#include <stdlib.h>

#include "base/clock.h"
#include "exporter/sender/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a server sends, the link ends or goes on, and keeps its messages
 * until they are acknowledged. */
static void feed(const uint8_t *data, size_t size, size_t step)
{
    struct mf_queue *queue = mf_queue_new(1 << 20);
    struct mf_encoder enc;
    mf_encoder_init(&enc, 1000);
    mf_encoder_bytes(&enc, 1, "\x0a\x04\x0a\x02id", 6);
    for (int i = 0; i < 3; i++)
        if (mf_queue_push(queue, &enc,
                          &(struct mf_label){.kind = MF_KIND_WHOLE,
                                             .event = 4,
                                             .is_end = true,
                                             .id_len = 1,
                                             .id = {(char)('a' + i)}},
                          NULL, 0))
            abort();
    mf_encoder_release(&enc);

    const struct mf_link_config config = {.authority = "a:1",
                                          .source = "me",
                                          .session = "0123",
                                          .mitmproxy_version = "12",
                                          .body_max = 1000};
    int64_t now = MF_NS_PER_S;
    struct mf_outbox *outbox = mf_outbox_new(queue);
    mf_outbox_advance(outbox, now);
    struct mf_link *link = mf_link_new(outbox, &config, now);
    struct mf_err err;
    struct mf_buf out;
    mf_buf_init(&out, 1 << 20);
    int rc = mf_link_write(link, &out, &err);
    for (size_t at = 0; !rc && at < size; at += step) {
        size_t len = size - at < step ? size - at : step;
        now += 50 * MF_NS_PER_MS;
        rc = mf_link_receive(link, data + at, len, now, &err);
        if (!rc)
            rc = mf_link_advance(link, now, &err);
        mf_buf_clear(&out);
        if (!rc)
            rc = mf_link_write(link, &out, &err);
    }
    struct mf_outbox_stats stats;
    mf_link_free(link);
    mf_outbox_get_stats(outbox, &stats);
    if (stats.in_flight || stats.waiting + stats.sent + stats.lost != 3)
        abort();
    mf_outbox_free(outbox);
    mf_buf_release(&out);
    mf_queue_free(queue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    feed(data, size, SIZE_MAX);
    feed(data, size, 1);
    return 0;
}

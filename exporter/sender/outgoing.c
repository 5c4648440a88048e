#include "exporter/sender/outgoing.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "exporter/sender/shrink.h"
#include "flow/published.h"
#include "pb/wire.h"

enum { HEAD_LEN = 5, FLOW = 1 };

/* gRPC has 32 bits for a length; half of that is far above any body_max. */
#define MESSAGE_MAX_LEN ((size_t)1 << 31)

void mf_outgoing_init(struct mf_outgoing *out)
{
    *out = (struct mf_outgoing){0};
    mf_encoder_init(&out->enc, MESSAGE_MAX_LEN);
}

void mf_outgoing_release(struct mf_outgoing *out)
{
    mf_encoder_release(&out->enc);
    mf_outgoing_init(out);
}

void mf_outgoing_reset(struct mf_outgoing *out)
{
    out->is_busy = false;
    mf_encoder_clear(&out->enc);
}

static int flatten(const struct mf_spliced *message, struct mf_buf *out)
{
    size_t at = 0;
    int rc = 0;
    for (size_t i = 0; !rc && i < message->splice_count; i++) {
        const struct mf_splice *splice = &message->splices[i];
        rc = mf_buf_append(out, message->bytes + at, splice->at - at);
        if (!rc)
            rc = mf_buf_append(out, splice->data, splice->len);
        at = splice->at;
    }
    return rc ? rc : mf_buf_append(out, message->bytes + at, message->len - at);
}

static int put_published(const uint8_t *data, size_t len, size_t body_max,
                         struct mf_buf *out)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        if (field.number != FLOW || field.type != MF_WIRE_LEN) {
            rc = mf_wire_put_field(out, &field);
            continue;
        }
        size_t mark;
        rc = mf_wire_begin(out, FLOW, &mark);
        if (!rc)
            rc = mf_flow_put_published(field.data, field.len, MF_PUBLISHED_ONLY,
                                       body_max, out, NULL);
        if (!rc)
            rc = mf_wire_end(out, mark);
    }
    return rc ? rc : cursor.error;
}

/* Bring the message into out->enc, in one run, as the rules want it. */
static int rework(struct mf_outgoing *out, const struct mf_spliced *message,
                  const struct mf_outgoing_rules *rules)
{
    struct mf_buf *work = &out->enc.buf, next;
    int rc = flatten(message, work);
    if (!rc && rules->published) {
        mf_buf_init(&next, MESSAGE_MAX_LEN);
        rc = put_published(work->data, work->len, rules->body_max, &next);
        mf_buf_release(work);
        *work = next;
    }
    if (!rc && rules->max_len && work->len > rules->max_len) {
        mf_buf_init(&next, MESSAGE_MAX_LEN);
        rc = mf_shrink(work->data, work->len, rules->max_len, &next);
        mf_buf_release(work);
        *work = next;
    }
    return rc;
}

static int copy(struct mf_outgoing *out, const struct mf_spliced *message)
{
    struct mf_encoder *enc = &out->enc;
    int rc = mf_buf_append(&enc->buf, message->bytes, message->len);
    for (size_t i = 0; !rc && i < message->splice_count; i++)
        rc = mf_encoder_splice(enc, &message->splices[i]);
    return rc;
}

static size_t len_of(const struct mf_spliced *message)
{
    size_t len = message->len;
    for (size_t i = 0; i < message->splice_count; i++)
        len += message->splices[i].len;
    return len;
}

int mf_outgoing_begin(struct mf_outgoing *out, const struct mf_spliced *message,
                      const struct mf_outgoing_rules *rules)
{
    mf_outgoing_reset(out);
    bool is_long = rules->max_len && len_of(message) > rules->max_len;
    int rc = rules->published || is_long ? rework(out, message, rules)
                                         : copy(out, message);
    size_t len = mf_encoder_len(&out->enc);
    if (!rc && len >= MESSAGE_MAX_LEN)
        rc = MF_EFULL;
    if (rc) {
        mf_outgoing_reset(out);
        return rc;
    }
    out->is_busy = true;
    out->at = 0;
    out->len = HEAD_LEN + len;
    out->splice = out->bytes_at = out->splice_at = 0;
    out->head[0] = 0;
    for (int i = 0; i < 4; i++)
        out->head[1 + i] = (uint8_t)(len >> (8 * (3 - i)));
    return 0;
}

struct run {
    const uint8_t *data;
    size_t len;
    size_t *at; /* to be moved on; NULL: the head's */
};

/* The bytes that come next in one run. */
static struct run next_run(struct mf_outgoing *out)
{
    const struct mf_encoder *enc = &out->enc;
    if (out->at < HEAD_LEN)
        return (struct run){out->head + out->at, HEAD_LEN - out->at, NULL};
    for (;;) {
        const struct mf_splice *splice =
            out->splice < enc->splice_count ? &enc->splices[out->splice] : NULL;
        size_t end = splice ? splice->at : enc->buf.len;
        if (out->bytes_at < end || !splice)
            return (struct run){enc->buf.data + out->bytes_at,
                                end - out->bytes_at, &out->bytes_at};
        if (out->splice_at < splice->len)
            return (struct run){splice->data + out->splice_at,
                                splice->len - out->splice_at, &out->splice_at};
        out->splice++;
        out->splice_at = 0;
    }
}

size_t mf_outgoing_read(struct mf_outgoing *out, uint8_t *data, size_t len)
{
    size_t done = 0;
    while (out->is_busy && done < len) {
        struct run run = next_run(out);
        size_t n = run.len < len - done ? run.len : len - done;
        if (n)
            memcpy(data + done, run.data, n);
        done += n;
        if (run.at)
            *run.at += n;
        out->at += n;
        if (out->at == out->len)
            mf_outgoing_reset(out);
    }
    return done;
}

#include "exporter/sender/outgoing.h"

#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "exporter/sender/shrink.h"
#include "flow/published.h"
#include "pb/wire.h"

enum { HEAD_LEN = 5, FLOW = 1 };

/* gRPC has 32 bits for a length; half of that is far above any body_max. */
#define MESSAGE_MAX_LEN ((size_t)1 << 31)

/* A work buffer beyond this is given back rather than kept. */
#define KEEP_MAX_LEN ((size_t)1 << 20)

void mf_outgoing_init(struct mf_outgoing *out)
{
    *out = (struct mf_outgoing){0};
    mf_buf_init(&out->work, MESSAGE_MAX_LEN);
}

void mf_outgoing_release(struct mf_outgoing *out)
{
    mf_buf_release(&out->work);
    mf_outgoing_init(out);
}

void mf_outgoing_reset(struct mf_outgoing *out)
{
    out->message = NULL;
    if (out->work.cap > KEEP_MAX_LEN)
        mf_buf_release(&out->work);
    mf_buf_clear(&out->work);
}

static int flatten(const struct mf_message *message, struct mf_buf *out)
{
    struct mf_piece piece;
    int rc = 0;
    for (size_t i = 0; !rc && mf_message_piece(message, i, &piece); i++)
        rc = mf_buf_append(out, piece.data, piece.len);
    return rc;
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

/* Bring the message into `out->work` as the rules want it. */
static int rework(struct mf_outgoing *out, const struct mf_message *message,
                  const struct mf_outgoing_rules *rules)
{
    struct mf_buf next;
    int rc = flatten(message, &out->work);
    if (rc)
        return rc;
    if (rules->published) {
        mf_buf_init(&next, MESSAGE_MAX_LEN);
        rc = put_published(out->work.data, out->work.len, rules->body_max,
                           &next);
        mf_buf_release(&out->work);
        out->work = next;
    }
    if (!rc && rules->max_len && out->work.len > rules->max_len) {
        mf_buf_init(&next, MESSAGE_MAX_LEN);
        rc = mf_shrink(out->work.data, out->work.len, rules->max_len, &next);
        mf_buf_release(&out->work);
        out->work = next;
    }
    return rc;
}

int mf_outgoing_begin(struct mf_outgoing *out, const struct mf_message *message,
                      const struct mf_outgoing_rules *rules)
{
    mf_outgoing_reset(out);
    size_t len = mf_message_len(message);
    out->is_reworked =
        rules->published || (rules->max_len && len > rules->max_len);
    if (out->is_reworked) {
        int rc = rework(out, message, rules);
        if (rc) {
            mf_outgoing_reset(out);
            return rc;
        }
        len = out->work.len;
    }
    if (len >= MESSAGE_MAX_LEN) {
        mf_outgoing_reset(out);
        return MF_EFULL;
    }
    out->message = message;
    out->at = 0;
    out->len = HEAD_LEN + len;
    out->piece = out->piece_at = 0;
    out->head[0] = 0;
    for (int i = 0; i < 4; i++)
        out->head[1 + i] = (uint8_t)(len >> (8 * (3 - i)));
    return 0;
}

/* The bytes that come next in one run. */
static struct mf_piece next_run(const struct mf_outgoing *out)
{
    struct mf_piece piece = {NULL, 0};
    if (out->at < HEAD_LEN)
        return (struct mf_piece){out->head + out->at, HEAD_LEN - out->at};
    if (out->is_reworked)
        return (struct mf_piece){out->work.data + (out->at - HEAD_LEN),
                                 out->len - out->at};
    if (!mf_message_piece(out->message, out->piece, &piece))
        return piece;
    piece.data += out->piece_at;
    piece.len -= out->piece_at;
    return piece;
}

size_t mf_outgoing_read(struct mf_outgoing *out, uint8_t *data, size_t len)
{
    size_t done = 0;
    while (out->message && done < len) {
        struct mf_piece run = next_run(out);
        size_t n = run.len < len - done ? run.len : len - done;
        if (n)
            memcpy(data + done, run.data, n);
        done += n;
        if (out->at >= HEAD_LEN && !out->is_reworked) {
            out->piece_at += n;
            if (n == run.len) {
                out->piece++;
                out->piece_at = 0;
            }
        }
        out->at += n;
        if (out->at == out->len)
            mf_outgoing_reset(out);
    }
    return done;
}

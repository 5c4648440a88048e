/* From body bytes to messages. */
#include "rpc/call_impl.h"

#include <string.h>

enum { WIRE_EXTRA = 1024 };

/* Compression may make a message of the greatest length a little longer. */
size_t mf_call__wire_max(size_t max_len)
{
    return max_len + max_len / 16 + WIRE_EXTRA;
}

static bool takes_one(const struct mf_call *call)
{
    return call->method->kind == MF_METHOD_UNARY ||
           call->method->kind == MF_METHOD_SERVER_STREAM;
}

static void fail_code(struct mf_call *call, int code, const char *corrupt)
{
    if (code == MF_EFULL)
        mf_call__fail(call, MF_STATUS_RESOURCE_EXHAUSTED,
                      "the message is too long");
    else if (code == MF_ENOMEM)
        mf_call__fail(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
    else
        mf_call__fail(call, MF_STATUS_INVALID_ARGUMENT, corrupt);
}

/* ---- One message ---- */

/* Scratch of one message; a long one's is not kept. */
static void reset_scratch(struct mf_buf *buf, size_t max)
{
    enum { KEEP_CAP = 256 * 1024 };
    if (buf->cap > KEEP_CAP)
        mf_buf_release(buf);
    else
        mf_buf_clear(buf);
    buf->max = max;
}

/*
 * Decompress and turn into binary what *data, *len name; they then name the
 * call's scratch. False: the call has failed.
 */
static bool decode(struct mf_call *call, enum mf_encoding encoding,
                   const uint8_t **data, size_t *len)
{
    const size_t max = call->max_len;
    reset_scratch(&call->plain, max);
    reset_scratch(&call->binary, max);
    if (encoding != MF_ENCODING_IDENTITY && *len > 0) {
        int rc = mf_encoding_decode(encoding, *data, *len, &call->plain);
        if (rc) {
            fail_code(call, rc, "the message does not decompress");
            return false;
        }
        *data = call->plain.data;
        *len = call->plain.len;
    }
    if (*len > max) {
        fail_code(call, MF_EFULL, NULL);
        return false;
    }
    if (call->is_json) {
        struct mf_err err = {.text = "malformed JSON"};
        int rc =
            mf_json_to_binary(call->rpc->opts.schema, call->method->input,
                              (const char *)*data, *len, &call->binary, &err);
        if (rc) {
            fail_code(call, rc, err.text);
            return false;
        }
        *data = call->binary.data;
        *len = call->binary.len;
    }
    return true;
}

/*
 * Give back what messages were made of, once no more of them come: a call may
 * stay for long after its end (an answer that is not read, an upload that is
 * thrown away), and what a client can have us hold must not add up.
 */
static void release_input(struct mf_call *call)
{
    mf_envelope_release(&call->envelope);
    mf_buf_release(&call->body);
    mf_buf_release(&call->unwrapped);
    mf_buf_release(&call->plain);
    mf_buf_release(&call->binary);
    if (call->is_over) {
        mf_buf_release(&call->held);
        call->held_at = 0;
    }
}

static void deliver(struct mf_call *call, const uint8_t *data, size_t len)
{
    static const uint8_t nothing[1];
    call->is_known = true;
    if (call->method->ops.on_message)
        call->method->ops.on_message(call, call->user, data ? data : nothing,
                                     len);
}

/* ---- Streams of envelopes ---- */

static void take_message(struct mf_call *call,
                         const struct mf_envelope_message *message)
{
    const uint8_t *data = message->data;
    size_t len = message->len;
    bool is_compressed = message->flags & MF_ENVELOPE_COMPRESSED;
    if (is_compressed && call->encoding == MF_ENCODING_IDENTITY) {
        mf_call__fail(call, MF_STATUS_INTERNAL,
                      "a message is flagged as compressed, but no compression "
                      "was named");
        return;
    }
    if (takes_one(call) && ++call->message_count > 1) {
        mf_call__fail(call, MF_STATUS_UNIMPLEMENTED,
                      "more than one request message");
        return;
    }
    if (!decode(call, is_compressed ? call->encoding : MF_ENCODING_IDENTITY,
                &data, &len))
        return;
    if (!takes_one(call)) {
        deliver(call, data, len);
        return;
    }
    int rc = mf_buf_append(&call->body, data, len);
    if (rc)
        fail_code(call, rc, NULL);
}

/* Take messages until the input, or the handler's wish for more, ends. */
static void take(struct mf_call *call, const uint8_t **data, size_t *len)
{
    while (!call->is_over && !call->is_paused) {
        struct mf_envelope_message message;
        int rc = mf_envelope_next(&call->envelope, data, len, &message);
        if (rc == 0)
            return;
        if (rc < 0)
            fail_code(call, rc, "a message has unknown flags");
        else
            take_message(call, &message);
    }
}

void mf_call__on_body_late(struct mf_exchange *x, void *user)
{
    (void)x;
    mf_call__fail(user, MF_STATUS_DEADLINE_EXCEEDED,
                  "the rest of the message did not come in time");
}

void mf_call__time_body(struct mf_call *call)
{
    bool is_owed = call->protocol == MF_PROTOCOL_CONNECT_UNARY ||
                   takes_one(call) ||
                   !mf_envelope_is_between(&call->envelope) ||
                   !mf_base64_is_whole(&call->reader);
    if (!call->is_over)
        mf_exchange_time_body(call->x, is_owed && !call->is_paused);
}

/* Out of base64, into scratch. False: the call has failed. */
static bool unwrap(struct mf_call *call, const uint8_t **data, size_t *len)
{
    reset_scratch(&call->unwrapped, SIZE_MAX);
    int rc = mf_base64_read(&call->reader, *data, *len, &call->unwrapped);
    if (rc)
        fail_code(call, rc, "malformed base64");
    *data = call->unwrapped.data;
    *len = call->unwrapped.len;
    return !rc;
}

static void receive(struct mf_call *call, const uint8_t *data, size_t len)
{
    int rc = 0;
    if (call->is_text && !unwrap(call, &data, &len))
        return;
    if (call->protocol == MF_PROTOCOL_CONNECT_UNARY) {
        rc = mf_buf_append(&call->body, data, len);
    } else {
        take(call, &data, &len);
        if (!call->is_over && len > 0)
            rc = mf_buf_append(&call->held, data, len);
    }
    if (rc)
        fail_code(call, rc, NULL);
    mf_call__time_body(call);
}

void mf_call__on_data(struct mf_exchange *x, void *user, const uint8_t *data,
                      size_t len)
{
    (void)x;
    struct mf_call *call = user;
    if (!call->is_over && !call->is_get)
        receive(call, data, len);
    if (call->is_over)
        release_input(call);
}

void mf_call__go_on(void *arg)
{
    struct mf_call *call = arg;
    if (call->is_over || call->is_paused)
        return;
    if (call->held.len > 0) {
        const uint8_t *data = call->held.data + call->held_at;
        size_t len = call->held.len - call->held_at;
        take(call, &data, &len);
        call->held_at = call->held.len - len;
        if (call->is_over)
            release_input(call);
        if (call->is_over || len > 0)
            return;
        mf_buf_release(&call->held);
        call->held_at = 0;
    }
    mf_call__time_body(call);
    if (!call->is_paused)
        mf_exchange_resume(call->x);
}

/* ---- The end ---- */

static void end_connect_unary(struct mf_call *call)
{
    const uint8_t *data = call->body.data;
    size_t len = call->body.len;
    if (decode(call, call->encoding, &data, &len))
        deliver(call, data, len);
}

static void end_one(struct mf_call *call)
{
    if (call->message_count == 0)
        mf_call__fail(call, MF_STATUS_UNIMPLEMENTED, "no request message");
    else
        deliver(call, call->body.data, call->body.len);
}

static void end_input(struct mf_call *call)
{
    bool is_cut = call->protocol != MF_PROTOCOL_CONNECT_UNARY &&
                  !(mf_envelope_is_between(&call->envelope) &&
                    mf_base64_is_whole(&call->reader));
    call->is_half_closed = !is_cut;
    mf_call__time_body(call);
    if (call->protocol == MF_PROTOCOL_CONNECT_UNARY) {
        end_connect_unary(call);
        return;
    }
    if (is_cut) {
        mf_call__fail(call, MF_STATUS_INVALID_ARGUMENT,
                      "the last message is cut off");
        return;
    }
    if (takes_one(call)) {
        end_one(call);
    } else if (call->method->ops.on_half_close) {
        call->is_known = true;
        call->method->ops.on_half_close(call, call->user);
    }
}

void mf_call__on_end(struct mf_exchange *x, void *user)
{
    (void)x;
    struct mf_call *call = user;
    if (!call->is_over)
        end_input(call);
    release_input(call);
}

#include "answer.h"

#include "../net/client.h"
#include "ring.h"

enum { ANSWER_MAX = 1 << 30 };

void answer_init(struct answer *answer)
{
    mf_buf_init(&answer->buf, ANSWER_MAX);
}

void answer_release(struct answer *answer)
{
    mf_buf_release(&answer->buf);
}

static size_t message_len(const uint8_t *at)
{
    return PREFIX_LEN + ((size_t)at[1] << 24 | (size_t)at[2] << 16 |
                         (size_t)at[3] << 8 | at[4]);
}

static size_t hand_out(const uint8_t *data, size_t len,
                       void (*on_message)(void *, const uint8_t *, size_t),
                       void *user)
{
    size_t at = 0;
    while (len - at >= PREFIX_LEN && message_len(data + at) <= len - at) {
        size_t whole = message_len(data + at);
        if (data[at] != 0)
            fail("a compressed answer");
        on_message(user, data + at + PREFIX_LEN, whole - PREFIX_LEN);
        at += whole;
    }
    return at;
}

void answer_take(struct answer *answer, const uint8_t *data, size_t len,
                 void (*on_message)(void *user, const uint8_t *data,
                                    size_t len),
                 void *user)
{
    if (answer->buf.len) {
        if (mf_buf_append(&answer->buf, data, len))
            fail("out of memory");
        size_t done =
            hand_out(answer->buf.data, answer->buf.len, on_message, user);
        mf_buf_consume(&answer->buf, done);
        return;
    }
    size_t done = hand_out(data, len, on_message, user);
    if (mf_buf_append(&answer->buf, data + done, len - done))
        fail("out of memory");
}

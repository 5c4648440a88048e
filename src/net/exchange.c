#include "net/exchange_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "net/server_impl.h"

enum {
    CHUNK_MIN_CAP = 4096,
    ANSWER_HEAD_MAX = 64 * 1024,
    H2_INTERNAL_ERROR = 2,
};

/* ---- Headers ---- */

void mf_head__init(struct mf_head *head, size_t max)
{
    *head = (struct mf_head){0};
    mf_buf_init(&head->text, max);
    mf_buf_init(&head->offsets, SIZE_MAX);
}

void mf_head__release(struct mf_head *head)
{
    mf_buf_release(&head->text);
    mf_buf_release(&head->offsets);
    free(head->fields);
    head->fields = NULL;
    head->count = 0;
}

int mf_head__add(struct mf_head *head, const char *name, size_t name_len,
                 const char *value, size_t value_len)
{
    if (name_len == 0 || memchr(name, 0, name_len) ||
        (value_len && memchr(value, 0, value_len)))
        return MF_EINVAL;
    const size_t at[2] = {head->text.len, head->text.len + name_len + 1};
    int rc = mf_buf_reserve(&head->text, name_len + value_len + 2);
    if (!rc)
        rc = mf_buf_append(&head->offsets, at, sizeof at);
    if (rc)
        return rc;
    for (size_t i = 0; i < name_len; i++) {
        char c = name[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        mf_buf_append_byte(&head->text, (uint8_t)c);
    }
    mf_buf_append_byte(&head->text, 0);
    mf_buf_append(&head->text, value, value_len);
    mf_buf_append_byte(&head->text, 0);
    head->count++;
    return 0;
}

int mf_head__seal(struct mf_head *head)
{
    if (head->count == 0)
        return 0;
    head->fields = calloc(head->count, sizeof *head->fields);
    if (!head->fields)
        return MF_ENOMEM;
    for (size_t i = 0; i < head->count; i++) {
        size_t at[2];
        memcpy(at, head->offsets.data + i * sizeof at, sizeof at);
        head->fields[i].name = (const char *)head->text.data + at[0];
        head->fields[i].value = (const char *)head->text.data + at[1];
    }
    mf_buf_release(&head->offsets);
    return 0;
}

static int copy_headers(struct mf_head *head, const struct mf_header *headers,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int rc = mf_head__add(head, headers[i].name, strlen(headers[i].name),
                              headers[i].value, strlen(headers[i].value));
        if (rc)
            return rc;
    }
    return mf_head__seal(head);
}

/* ---- Bytes on their way out ---- */

struct mf_chunk {
    struct mf_chunk *next;
    const uint8_t *data;
    size_t len;
    size_t cap; /* 0: static data */
    uint8_t bytes[];
};

void mf_outq__release(struct mf_outq *outq)
{
    while (outq->first) {
        struct mf_chunk *next = outq->first->next;
        free(outq->first);
        outq->first = next;
    }
    *outq = (struct mf_outq){0};
}

/* Into the room that is left behind the last chunk's bytes. */
static size_t fill_last(struct mf_outq *outq, const void *data, size_t len)
{
    struct mf_chunk *last = outq->last;
    if (!last || last->cap == 0)
        return 0;
    size_t end = (size_t)(last->data - last->bytes) + last->len;
    size_t room = last->cap - end;
    if (len > room)
        len = room;
    memcpy(last->bytes + end, data, len);
    last->len += len;
    return len;
}

static void append_chunk(struct mf_outq *outq, struct mf_chunk *chunk)
{
    if (outq->last)
        outq->last->next = chunk;
    else
        outq->first = chunk;
    outq->last = chunk;
}

int mf_outq__push(struct mf_outq *outq, const void *data, size_t len,
                  bool is_static)
{
    const uint8_t *at = data;
    size_t filled = is_static ? 0 : fill_last(outq, at, len);
    size_t left = len - filled;
    if (left) {
        size_t cap = is_static              ? 0
                     : left < CHUNK_MIN_CAP ? CHUNK_MIN_CAP
                                            : left;
        struct mf_chunk *chunk = malloc(sizeof *chunk + cap);
        if (!chunk)
            return MF_ENOMEM;
        *chunk = (struct mf_chunk){.cap = cap, .len = left};
        chunk->data = is_static ? at : chunk->bytes;
        if (!is_static)
            memcpy(chunk->bytes, at + filled, left);
        append_chunk(outq, chunk);
    }
    outq->len += len;
    return 0;
}

size_t mf_outq__pull(struct mf_outq *outq, void *to, size_t cap)
{
    size_t pulled = 0;
    while (outq->first && pulled < cap) {
        struct mf_chunk *chunk = outq->first;
        size_t len = chunk->len < cap - pulled ? chunk->len : cap - pulled;
        memcpy((uint8_t *)to + pulled, chunk->data, len);
        pulled += len;
        chunk->data += len;
        chunk->len -= len;
        if (chunk->len)
            break;
        outq->first = chunk->next;
        if (!outq->first)
            outq->last = NULL;
        free(chunk);
    }
    outq->len -= pulled;
    return pulled;
}

/* ---- Events ---- */

static void tell_drain(void *arg)
{
    struct mf_exchange *x = arg;
    if (x->is_finished || x->is_reset || x->out.len >= MF_EXCHANGE_LOW_WATER)
        return;
    x->wants_drain = false;
    if (x->events && x->events->on_drain)
        x->events->on_drain(x, x->user);
}

void mf_exchange__init(struct mf_exchange *x,
                       const struct mf_transport *transport,
                       struct mf_loop *loop)
{
    *x = (struct mf_exchange){.transport = transport, .loop = loop};
    mf_head__init(&x->answer, ANSWER_HEAD_MAX);
    mf_head__init(&x->trailers, ANSWER_HEAD_MAX);
    mf_deferred__init(&x->drain, tell_drain, x);
    x->is_body_owed = true;
    x->body_ms = mf_exchange__now_ms(x);
}

void mf_exchange__close(struct mf_exchange *x, bool clean)
{
    mf_loop__undefer(x->loop, &x->drain);
    x->is_reset = true;
    mf_timer_free(x->deadline);
    x->deadline = NULL;
    if (x->events && x->events->on_close)
        x->events->on_close(x, x->user, clean);
    mf_head__release(&x->head);
    mf_head__release(&x->answer);
    mf_head__release(&x->trailers);
    mf_outq__release(&x->out);
    free(x->method);
    free(x->path);
    free(x->authority);
}

void mf_exchange__data(struct mf_exchange *x, const uint8_t *data, size_t len)
{
    x->body_ms = mf_exchange__now_ms(x);
    if (x->events && x->events->on_data)
        x->events->on_data(x, x->user, data, len);
}

void mf_exchange__end(struct mf_exchange *x)
{
    x->is_ended = true;
    if (x->events && x->events->on_end)
        x->events->on_end(x, x->user);
}

void mf_exchange__begin_sending(struct mf_exchange *x)
{
    x->is_sending = true;
    x->sent_ms = mf_exchange__now_ms(x);
}

size_t mf_exchange__pull(struct mf_exchange *x, void *to, size_t cap)
{
    size_t len = mf_outq__pull(&x->out, to, cap);
    if (len)
        x->sent_ms = mf_exchange__now_ms(x);
    if (x->wants_drain && x->out.len < MF_EXCHANGE_LOW_WATER)
        mf_loop__defer(x->loop, &x->drain);
    return len;
}

/* ---- What the application calls ---- */

void mf_exchange_set_events(struct mf_exchange *x,
                            const struct mf_exchange_events *events, void *user)
{
    assert(!x->events);
    x->events = events;
    x->user = user;
}

const char *mf_exchange_method(const struct mf_exchange *x)
{
    return x->method;
}

const char *mf_exchange_path(const struct mf_exchange *x)
{
    return x->path;
}

const char *mf_exchange_authority(const struct mf_exchange *x)
{
    return x->authority;
}

int mf_exchange_http_version(const struct mf_exchange *x)
{
    return x->transport->version;
}

const char *mf_exchange_peer(const struct mf_exchange *x)
{
    return x->origin->peer;
}

int mf_exchange_listener_tag(const struct mf_exchange *x)
{
    return x->origin->tag;
}

bool mf_exchange_is_tls(const struct mf_exchange *x)
{
    return x->origin->is_tls;
}

const char *mf_exchange_client_cert(const struct mf_exchange *x)
{
    return x->origin->client_cert;
}

struct mf_loop *mf_exchange_loop(const struct mf_exchange *x)
{
    return x->loop;
}

size_t mf_exchange_header_count(const struct mf_exchange *x)
{
    return x->head.count;
}

const struct mf_header *mf_exchange_header_at(const struct mf_exchange *x,
                                              size_t index)
{
    assert(index < x->head.count);
    return &x->head.fields[index];
}

const char *mf_exchange_header(const struct mf_exchange *x, const char *name)
{
    for (size_t i = 0; i < x->head.count; i++)
        if (strcmp(x->head.fields[i].name, name) == 0)
            return x->head.fields[i].value;
    return NULL;
}

void mf_exchange_pause(struct mf_exchange *x)
{
    x->is_paused = true;
}

void mf_exchange_resume(struct mf_exchange *x)
{
    if (!x->is_paused || x->is_reset)
        return;
    x->is_paused = false;
    x->body_ms = mf_exchange__now_ms(x);
    x->transport->resume(x);
}

void mf_exchange_respond(struct mf_exchange *x, int status,
                         const struct mf_header *headers, size_t count)
{
    if (x->is_reset)
        return;
    assert(!x->is_responded);
    x->status = status;
    if (copy_headers(&x->answer, headers, count)) {
        mf_exchange_reset(x, H2_INTERNAL_ERROR);
        return;
    }
    x->is_responded = true;
    x->transport->kick(x);
}

static void write_out(struct mf_exchange *x, const void *data, size_t len,
                      bool is_static)
{
    if (x->is_reset || len == 0)
        return;
    assert(x->is_responded && !x->is_finished);
    if (mf_outq__push(&x->out, data, len, is_static)) {
        mf_exchange_reset(x, H2_INTERNAL_ERROR);
        return;
    }
    if (x->out.len == len) /* until now nothing was pending */
        x->sent_ms = mf_exchange__now_ms(x);
    x->wants_drain = true;
    x->transport->kick(x);
}

void mf_exchange_write(struct mf_exchange *x, const void *data, size_t len)
{
    write_out(x, data, len, false);
}

void mf_exchange_write_static(struct mf_exchange *x, const void *data,
                              size_t len)
{
    write_out(x, data, len, true);
}

void mf_exchange_finish(struct mf_exchange *x, const struct mf_header *trailers,
                        size_t count)
{
    if (x->is_reset)
        return;
    assert(x->is_responded && !x->is_finished);
    assert(count == 0 || x->transport->version == 2);
    if (copy_headers(&x->trailers, trailers, count)) {
        mf_exchange_reset(x, H2_INTERNAL_ERROR);
        return;
    }
    if (x->out.len == 0)
        x->sent_ms = mf_exchange__now_ms(x);
    x->is_finished = true;
    if (x->deadline)
        mf_timer_stop(x->deadline);
    x->transport->kick(x);
}

void mf_exchange_reset(struct mf_exchange *x, uint32_t h2_code)
{
    if (x->is_reset)
        return;
    x->is_reset = true;
    x->reset_code = h2_code;
    if (x->deadline)
        mf_timer_stop(x->deadline);
    x->transport->kick(x);
}

size_t mf_exchange_pending(const struct mf_exchange *x)
{
    return x->out.len;
}

/*
 * mf_exchange from inside src/net: what HTTP/1.1 and HTTP/2 share. Each
 * embeds a struct mf_exchange as the first member of its own.
 */
#ifndef MF_NET_EXCHANGE_IMPL_H
#define MF_NET_EXCHANGE_IMPL_H

#include "base/buf.h"
#include "net/exchange.h"
#include "net/loop_impl.h"

enum { MF_EXCHANGE_LOW_WATER = 64 * 1024 };

/* ---- A list of headers that owns its text ---- */

struct mf_head {
    struct mf_buf text;
    struct mf_buf offsets; /* size_t pairs, until sealed */
    struct mf_header *fields;
    size_t count;
};

/* Room for `max` bytes of text. */
void mf_head__init(struct mf_head *head, size_t max);
void mf_head__release(struct mf_head *head);

/*
 * Add a field; the name is lowered.
 *  MF_EINVAL  NUL in it
 *  MF_EFULL, MF_ENOMEM
 */
int mf_head__add(struct mf_head *head, const char *name, size_t name_len,
                 const char *value, size_t value_len);

/* Make `fields`; nothing is added afterwards. 0 or MF_ENOMEM. */
int mf_head__seal(struct mf_head *head);

/* ---- Bytes on their way out ---- */

struct mf_chunk;

struct mf_outq {
    struct mf_chunk *first;
    struct mf_chunk *last;
    size_t len;
};

void mf_outq__release(struct mf_outq *outq);
/* 0 or MF_ENOMEM. */
int mf_outq__push(struct mf_outq *outq, const void *data, size_t len,
                  bool is_static);
/* Move up to `cap` bytes to `to`; how many. */
size_t mf_outq__pull(struct mf_outq *outq, void *to, size_t cap);

/* ---- The exchange ---- */

struct mf_transport {
    int version;
    /* Something of the response changed (respond, write, finish, reset). */
    void (*kick)(struct mf_exchange *x);
    /* The application wants the body again. */
    void (*resume)(struct mf_exchange *x);
};

struct mf_exchange {
    const struct mf_transport *transport;
    struct mf_loop *loop;
    const struct mf_origin *origin;          /* the connection's */
    const struct mf_exchange_events *events; /* NULL: none set */
    void *user;

    char *method;
    char *path;
    char *authority;
    struct mf_head head;

    bool is_paused;
    bool is_ended; /* on_end was called */

    bool is_responded;
    bool is_finished;
    bool is_reset;
    uint32_t reset_code;
    int status;
    struct mf_head answer;
    struct mf_head trailers;
    struct mf_outq out;

    bool wants_drain; /* written to since the last on_drain */
    struct mf_deferred drain;

    /* exchange_time.c; times are the loop's */
    struct mf_timer *deadline; /* NULL: none */
    uint64_t body_ms;          /* since then no byte of an owed body came */
    uint64_t sent_ms;          /* since then nothing of the answer left */
    bool is_body_owed;
    bool is_sending; /* the answer is on its way as far as the peer reads */
};

void mf_exchange__init(struct mf_exchange *x,
                       const struct mf_transport *transport,
                       struct mf_loop *loop);

/* Tell on_close and give back everything but the memory of `x` itself. */
void mf_exchange__close(struct mf_exchange *x, bool clean);

void mf_exchange__data(struct mf_exchange *x, const uint8_t *data, size_t len);
void mf_exchange__end(struct mf_exchange *x);

/* The answer begins to go out: from now on the peer must take it. */
void mf_exchange__begin_sending(struct mf_exchange *x);

/* Move response bytes out; tells on_drain, later, when that is due. */
size_t mf_exchange__pull(struct mf_exchange *x, void *to, size_t cap);

/* ---- exchange_time.c ---- */

struct mf_server_opts;

uint64_t mf_exchange__now_ms(const struct mf_exchange *x);

/* When the peer will be late, if nothing comes and goes; UINT64_MAX: never.
 * Whatever happens meanwhile, never earlier than its time-out from now. */
uint64_t mf_exchange__due_ms(const struct mf_exchange *x,
                             const struct mf_server_opts *opts);

/* Do what is due. The exchange may be reset then. */
void mf_exchange__check_time(struct mf_exchange *x,
                             const struct mf_server_opts *opts);

#endif

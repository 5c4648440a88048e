/*
 * mf_answer: what a server answered to one call, from its HTTP/2 headers,
 * data and trailers (gRPC over HTTP2, "Responses").
 *
 * All of it is a stranger's: bounded, and nothing in it has an effect but
 * counts, abilities and a line of text.
 */
#ifndef MF_EXPORTER_ANSWER_H
#define MF_EXPORTER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    MF_GRPC_OK = 0,
    MF_GRPC_UNKNOWN = 2,
    MF_GRPC_INVALID_ARGUMENT = 3,
    MF_GRPC_RESOURCE_EXHAUSTED = 8,
    MF_GRPC_OUT_OF_RANGE = 11,
    MF_GRPC_UNIMPLEMENTED = 12,
    MF_GRPC_INTERNAL = 13,
    MF_GRPC_DATA_LOSS = 15,
};

enum { MF_ANSWER_MAX_LEN = 65536, MF_ANSWER_TEXT_CAP = 160 };

struct mf_answer {
    int http_status;  /* 0: none came */
    int grpc_status;  /* -1: none came */
    bool is_grpc;     /* by its content type */
    bool is_overlong; /* more than MF_ANSWER_MAX_LEN of data came */
    char text[MF_ANSWER_TEXT_CAP]; /* grpc-message, printable ASCII */
    struct mf_buf data;
};

void mf_answer_init(struct mf_answer *answer);
void mf_answer_release(struct mf_answer *answer);

/* One header or trailer field. */
void mf_answer_header(struct mf_answer *answer, const uint8_t *name,
                      size_t name_len, const uint8_t *value, size_t value_len);

/* The next bytes of the body. */
void mf_answer_data(struct mf_answer *answer, const uint8_t *data, size_t len);

/*
 * The one message of a call that went well; borrowed from `answer`.
 *
 *  MF_EINVAL       not gRPC, or a status that is not OK
 *  MF_ETRUNC       no whole message
 *  MF_EUNSUPPORTED the message is compressed
 *  MF_EFULL        longer than MF_ANSWER_MAX_LEN
 */
int mf_answer_message(const struct mf_answer *answer, const uint8_t **ret_data,
                      size_t *ret_len);

/* A few words on what the server said that was not OK, into `out`. */
void mf_answer_describe(const struct mf_answer *answer, char *out, size_t cap);

/* What a server said to Hello. */
enum mf_greeting {
    MF_GREETING_RICH,      /* it takes our fields */
    MF_GREETING_PUBLISHED, /* speak the published exporter's way */
    MF_GREETING_REFUSED,   /* not now: try again */
};

struct mf_hello {
    enum mf_greeting greeting;
    bool takes_appends;
    bool takes_parts;
    bool takes_connections;
    bool takes_losses;
    uint64_t max_message_len; /* 0: not told */
    char version[32];         /* printable ASCII */
};

/*
 * UNIMPLEMENTED, HTTP 404, 405 and 415, and an answer that is not gRPC mean
 * the published way; a server that is unavailable, forbids, or whose answer
 * is broken has refused.
 */
void mf_hello_read(const struct mf_answer *answer, struct mf_hello *ret_hello);

struct mf_ack {
    uint64_t processed;
    uint64_t rejected;
    bool has_missing; /* flows that must be sent whole; see below */
    const uint8_t *data;
    size_t len;
};

/* Errors of mf_answer_message(), and MF_ECORRUPT; `answer` is borrowed for as
 * long as the acknowledgement is used. */
int mf_ack_read(const struct mf_answer *answer, struct mf_ack *ret_ack);

/* True if the server names this flow as one that must be sent whole. */
bool mf_ack_is_missing(const struct mf_ack *ack, const uint8_t *id, size_t len);

#endif

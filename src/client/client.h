/*
 * mf_client: calls streaming methods of a mitmflow server by Connect (binary
 * protobuf over HTTP/1.1), one at a time; what it sends is whole before.
 *
 * Thread:  one, which waits inside mf_client_call(). SIGPIPE must be ignored.
 * Errors:  texts may hold what a server said; mf_client makes no line of
 *          them safe for a terminal.
 */
#ifndef MF_CLIENT_CLIENT_H
#define MF_CLIENT_CLIENT_H

#include "client/reply.h"

struct mf_client;

struct mf_client_opts {
    const char *server;    /* http://HOST[:PORT], https://..., unix:PATH */
    const char *ca_file;   /* PEM; NULL: the system's */
    const char *cert_file; /* PEM, to be shown, with key_file; or NULL */
    const char *key_file;
    const struct mf_schema *schema; /* knows proto/ */
};

/*
 * A client of one server; nothing is sent yet. `opts` is borrowed for the
 * client's life. No proxy of the environment is used.
 *
 *  MF_EINVAL  not such a server
 *  MF_ENOMEM
 */
int mf_client_new(const struct mf_client_opts *opts,
                  struct mf_client **ret_client, struct mf_err *err);
void mf_client_free(struct mf_client *client); /* NULL is allowed */

/* One message, borrowed for the call. False: the call may end here. */
typedef bool mf_client_on_message(void *user, const uint8_t *message,
                                  size_t len);

struct mf_client_call {
    const char *path; /* "/mitmflow.v1.Service/QueryFlows" */
    const uint8_t *request;
    size_t request_len;
    bool is_framed;     /* the request is many messages, each in its envelope */
    const char *header; /* one more, "name: value"; NULL: none */
    unsigned silence_s; /* the server is gone after so long; 0: never */
    mf_client_on_message *on_message;
    void *user;
};

enum mf_client_end {
    MF_CLIENT_DONE,    /* the server ended it, or on_message did */
    MF_CLIENT_REFUSED, /* an error of the server's; mf_client_error() */
    MF_CLIENT_LOST,    /* not reached, or broken off: worth another try */
    MF_CLIENT_FAILED,  /* anything else: not worth one */
};

/* Make one call and wait for its end. `err` says more of REFUSED, LOST and
 * FAILED, in one line. */
enum mf_client_end mf_client_call(struct mf_client *client,
                                  const struct mf_client_call *call,
                                  struct mf_err *err);

/* What the server refused the last call with, until the next one; NULL if it
 * did not. */
const Connectrpc__Error *mf_client_error(const struct mf_client *client);

#endif

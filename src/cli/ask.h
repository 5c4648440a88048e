/*
 * mf_ask: what the commands that ask a running server have in common: where
 * it is, what is asked for, how flows and failures are told.
 */
#ifndef MF_CLI_ASK_H
#define MF_CLI_ASK_H

#include "base/buf.h"
#include "cli/command.h"
#include "client/client.h"
#include "mitmflow/v1/mitmflow.pb-c.h"

enum { MF_ASK_WORDS_MAX = 256 };

struct mf_ask {
    /* Set by flags: */
    const char *server;
    const char *ca_file;   /* NULL: none, like the next two */
    const char *cert_file; /* with key_file, or neither */
    const char *key_file;
    bool is_json;
    /* */
    char *expression; /* the filter; "" takes everything */
    struct mf_schema *schema;
    struct mf_client *client;
    struct mf_client_opts client_opts;
    struct mf_buf out; /* lines to be written */
    bool is_closed;    /* whoever reads stdout has gone */
};

#define MF_ASK_SERVER "http://127.0.0.1:50051"

/* Rows of these flags for mf_command_read(). */
#define MF_ASK_SERVER_FLAGS(ask)                                 \
    {.name = "server",                                           \
     .value = "URL",                                             \
     .help = "http://HOST:PORT, https://HOST:PORT or unix:PATH", \
     .ret_text = &(ask)->server},                                \
        {.name = "ca",                                           \
         .value = "FILE",                                        \
         .help = "who signed the server's certificate (PEM)",    \
         .ret_text = &(ask)->ca_file},                           \
        {.name = "cert",                                         \
         .value = "FILE",                                        \
         .help = "show this certificate (PEM)",                  \
         .ret_text = &(ask)->cert_file},                         \
    {                                                            \
        .name = "key", .value = "FILE", .help = "its key (PEM)", \
        .ret_text = &(ask)->key_file                             \
    }
#define MF_ASK_FLAGS(ask)                                             \
    MF_ASK_SERVER_FLAGS(ask),                                         \
    {                                                                 \
        .name = "json", .help = "a FlowSummary as JSON on each line", \
        .ret_yes = &(ask)->is_json                                    \
    }

/*
 * Make ready to ask for the filter that `words` are, joined by blanks.
 * Nothing is sent yet. From now on SIGPIPE is ignored.
 *
 *  MF_EINVAL, MF_ENOMEM
 */
int mf_ask_open(struct mf_ask *ask, const char *const *words, size_t count,
                struct mf_err *err);
void mf_ask_close(struct mf_ask *ask);

/* Put one flow in `out`. MF_ENOMEM, MF_EFULL, MF_ECORRUPT */
int mf_ask_put_flow(struct mf_ask *ask, Mitmflow__V1__FlowSummary *flow,
                    struct mf_err *err);

/* Write `out` to stdout. False: it is closed, there is no use in going on. */
bool mf_ask_flush(struct mf_ask *ask);

/* True if nobody reads stdout any more. */
bool mf_ask_is_unread(struct mf_ask *ask);

/*
 * Tell on stderr that the server refused (MF_CLIENT_REFUSED), with a mark
 * where the filter is wrong. `err` is mf_client_call()'s. Returns the status
 * to end with.
 */
enum mf_exit mf_ask_tell_refusal(struct mf_ask *ask, const struct mf_err *err);

/* "mitmflow: ..." on stderr; control characters in `text` are escaped. */
void mf_ask_tell(const char *text);

#endif

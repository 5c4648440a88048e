#include "cli/ask.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/flow_line.h"
#include "cli/shown.h"

enum { OUT_MAX_LEN = 256 << 20 };

/* ---- Begin and end ---- */

static char *join(const char *const *words, size_t count)
{
    size_t len = 1;
    for (size_t i = 0; i < count; i++)
        len += strlen(words[i]) + 1;
    char *text = malloc(len), *end = text;
    if (!text)
        return NULL;
    *end = '\0';
    for (size_t i = 0; i < count; i++) {
        if (i)
            *end++ = ' ';
        end = stpcpy(end, words[i]);
    }
    return text;
}

int mf_ask_open(struct mf_ask *ask, const char *const *words, size_t count,
                struct mf_err *err)
{
    signal(SIGPIPE, SIG_IGN);
    mf_buf_init(&ask->out, OUT_MAX_LEN);
    ask->expression = join(words, count);
    if (!ask->expression)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    if (!ask->cert_file != !ask->key_file)
        return mf_err_set(err, MF_EINVAL, "--cert and --key need each other");
    int rc = mf_schema_new(mf_pb_descriptors, mf_pb_descriptors_len,
                           &ask->schema, err);
    if (rc)
        return rc;
    ask->client_opts = (struct mf_client_opts){
        .server = ask->server,
        .ca_file = ask->ca_file,
        .cert_file = ask->cert_file,
        .key_file = ask->key_file,
        .schema = ask->schema,
    };
    return mf_client_new(&ask->client_opts, &ask->client, err);
}

void mf_ask_close(struct mf_ask *ask)
{
    mf_client_free(ask->client);
    mf_schema_free(ask->schema);
    mf_buf_release(&ask->out);
    free(ask->expression);
}

/* ---- Flows ---- */

static int put_json(struct mf_ask *ask, Mitmflow__V1__FlowSummary *flow,
                    struct mf_err *err)
{
    size_t len = mitmflow__v1__flow_summary__get_packed_size(flow);
    uint8_t *binary = malloc(len ? len : 1);
    if (!binary)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    mitmflow__v1__flow_summary__pack(flow, binary);
    int rc = mf_json_from_binary(ask->schema, "mitmflow.v1.FlowSummary", binary,
                                 len, &ask->out, err);
    free(binary);
    return rc ? rc : mf_buf_append_byte(&ask->out, '\n');
}

int mf_ask_put_flow(struct mf_ask *ask, Mitmflow__V1__FlowSummary *flow,
                    struct mf_err *err)
{
    if (ask->is_json)
        return put_json(ask, flow, err);
    int rc = mf_flow_line_put(&ask->out, flow);
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

bool mf_ask_flush(struct mf_ask *ask)
{
    size_t at = 0;
    while (at < ask->out.len && !ask->is_closed) {
        ssize_t len =
            write(STDOUT_FILENO, ask->out.data + at, ask->out.len - at);
        if (len >= 0)
            at += (size_t)len;
        else if (errno != EINTR) {
            ask->is_closed = true;
            if (errno != EPIPE)
                mf_ask_tell(strerror(errno));
        }
    }
    mf_buf_clear(&ask->out);
    return !ask->is_closed;
}

bool mf_ask_is_unread(struct mf_ask *ask)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    if (poll(&out, 1, 0) == 1 && out.revents & POLLERR)
        ask->is_closed = true;
    return ask->is_closed;
}

/* ---- Failures ---- */

void mf_ask_tell(const char *text)
{
    struct mf_buf line;
    mf_buf_init(&line, 64 << 10);
    if (mf_shown_puts(&line, text) == 0)
        fprintf(stderr, "mitmflow: %.*s\n", (int)line.len,
                line.len ? (const char *)line.data : "");
    mf_buf_release(&line);
}

static Mitmflow__V1__FilterError *filter_error(const Connectrpc__Error *error)
{
    for (size_t i = 0; i < error->n_details; i++) {
        const Connectrpc__Detail *detail = error->details[i];
        if (strcmp(detail->type, "mitmflow.v1.FilterError") == 0)
            return mitmflow__v1__filter_error__unpack(NULL, detail->value.len,
                                                      detail->value.data);
    }
    return NULL;
}

/* The filter, and under it where it is wrong. */
static void mark(const char *expression, size_t position, size_t length)
{
    size_t len = strlen(expression);
    if (position > len)
        position = len;
    if (length > len - position)
        length = len - position;
    size_t before = mf_shown_columns(expression, position);
    size_t under = mf_shown_columns(expression + position, length);
    struct mf_buf shown;
    mf_buf_init(&shown, SIZE_MAX);
    if (mf_shown_puts(&shown, expression) == 0) {
        fprintf(stderr, "  %.*s\n  %*s^", (int)shown.len,
                shown.len ? (const char *)shown.data : "", (int)before, "");
        while (under-- > 1)
            fputc('~', stderr);
        fputc('\n', stderr);
    }
    mf_buf_release(&shown);
}

enum mf_exit mf_ask_tell_refusal(struct mf_ask *ask, const struct mf_err *err)
{
    const Connectrpc__Error *error = mf_client_error(ask->client);
    Mitmflow__V1__FilterError *fault = error ? filter_error(error) : NULL;
    if (fault) {
        struct mf_err line;
        mf_err_set(&line, MF_EINVAL, "the filter is wrong: %s", fault->message);
        mf_ask_tell(line.text);
        mark(ask->expression, fault->position, fault->length);
        mitmflow__v1__filter_error__free_unpacked(fault, NULL);
        return MF_EXIT_USAGE;
    }
    mf_ask_tell(err->text);
    return error && strcmp(error->code, "invalid_argument") == 0
               ? MF_EXIT_USAGE
               : MF_EXIT_FAILED;
}

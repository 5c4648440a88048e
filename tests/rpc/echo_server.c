/*
 * A server of four methods for the tests of net and rpc. What a method does
 * is said in the request's first field:
 *
 *   fail N TEXT   finish with status N
 *   repeat N      answer N times (streams)
 *   size N        answer with N bytes
 *   never         do not answer
 *   head          send the head, then nothing
 *   abort         break the call off
 *   pause N       take no more for N ms
 *   hold          take no more until a unary call says "release"
 *   mark TEXT     add TEXT to what "marks" answers with, in the first field
 *   enough        answer a client stream at once
 *   info          answer with what the handler knows of the request, in the
 *                 third field: "left MS", "query TEXT", "NAME: VALUE" lines
 *   health N NAME the service is serving (1) or not (2) from now on
 *   other text    echo the message
 *
 * Request headers "x-header" and "x-trailer" ("NAME VALUE") come back as
 * metadata of the response; "x-detail" ("TYPE BASE64") goes with a fail.
 *
 * The messages are mitmflow.v1.UpdateFlowRequest. /test.Echo/Stats answers
 * with counters; /healthz is not a call and answers GET and POST, and so does
 * /who, with the peer's address, "tls" or "clear", and its certificate's
 * subject. SIGHUP reads the files of --tls-... again.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/base64.h"
#include "net/server.h"
#include "net/tls.h"
#include "pb/wire.h"
#include "rpc/health.h"
#include "rpc/reflection.h"
#include "rpc/rpc.h"

#define TYPE "mitmflow.v1.UpdateFlowRequest"

enum {
    PENDING_MAX_LEN = 256 * 1024,
    TEXT_CAP = 256,
    ORIGINS_MAX = 4,
    HELD_MAX = 4
};

static struct {
    struct mf_loop *loop;
    struct mf_server *server;
    struct mf_rpc *rpc;
    struct mf_health *health;
    struct mf_reflection *reflection;
    unsigned grace_ms;
    struct mf_tls *tls;
    bool needs_client_cert;
    const char *open_address;           /* where none is needed */
    const char *cert, *key, *client_ca; /* files */
    unsigned long opens, messages, half_closes, closes;
    struct echo *held[HELD_MAX]; /* by "hold", the oldest first */
    size_t held_count;
    char marks[TEXT_CAP];
} app;

struct echo {
    struct mf_call *call;
    struct mf_timer *timer;
    struct mf_buf message; /* what is repeated */
    unsigned long left;
    unsigned long count;
    unsigned long bytes;
    bool is_half_closed;
};

/* "NAME VALUE" in the request's headers `which` is added to the response. */
static void add_metadata(struct mf_call *call, const char *which,
                         void (*add)(struct mf_call *, const char *,
                                     const char *))
{
    for (size_t i = 0; i < mf_call_metadata_count(call); i++) {
        const struct mf_header *header = mf_call_metadata_at(call, i);
        char name[TEXT_CAP];
        int skip = 0;
        if (strcmp(header->name, which) == 0 &&
            sscanf(header->value, "%255s %n", name, &skip) == 1 &&
            mf_call_name_is_free(name))
            add(call, name, header->value + skip);
    }
}

static struct echo *echo_of(struct mf_call *call)
{
    struct echo *echo = mf_call_data(call);
    if (!echo) {
        echo = calloc(1, sizeof *echo);
        if (!echo)
            abort();
        echo->call = call;
        mf_buf_init(&echo->message, SIZE_MAX);
        mf_call_set_data(call, echo);
        app.opens++;
        add_metadata(call, "x-header", mf_call_add_header);
        add_metadata(call, "x-trailer", mf_call_add_trailer);
    }
    return echo;
}

static void put_text(struct mf_buf *buf, uint32_t number, const void *text,
                     size_t len)
{
    if (mf_wire_put_bytes(buf, number, text, len))
        abort();
}

/* The first field's text, cut at its capacity. */
static void first_field(const uint8_t *message, size_t len, char *text)
{
    struct mf_cursor cursor = mf_cursor_make(message, len);
    struct mf_wire_field field;
    text[0] = '\0';
    while (mf_wire_next(&cursor, &field)) {
        if (field.number != 1 || field.type != MF_WIRE_LEN)
            continue;
        size_t cut = field.len < TEXT_CAP - 1 ? field.len : TEXT_CAP - 1;
        memcpy(text, field.data, cut);
        text[cut] = '\0';
        return;
    }
}

/* ---- Commands ---- */

static void repeat(struct echo *echo)
{
    while (echo->left > 0 && mf_call_pending(echo->call) < PENDING_MAX_LEN) {
        echo->left--;
        mf_call_send(echo->call, echo->message.data, echo->message.len);
    }
}

static void on_pause_over(void *arg)
{
    struct echo *echo = arg;
    mf_call_resume(echo->call);
}

static void send_size(struct mf_call *call, size_t len)
{
    struct mf_buf buf;
    mf_buf_init(&buf, SIZE_MAX);
    char *note = malloc(len ? len : 1);
    if (!note)
        abort();
    memset(note, 'x', len);
    put_text(&buf, 3, note, len);
    mf_call_send(call, buf.data, buf.len);
    mf_buf_release(&buf);
    free(note);
}

static void fail(struct mf_call *call, unsigned status, const char *text)
{
    enum { DETAILS_MAX = 8 };
    struct mf_error_detail details[DETAILS_MAX];
    char types[DETAILS_MAX][TEXT_CAP];
    struct mf_buf values[DETAILS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < mf_call_metadata_count(call); i++) {
        const struct mf_header *header = mf_call_metadata_at(call, i);
        int skip = 0;
        if (count == DETAILS_MAX || strcmp(header->name, "x-detail") != 0 ||
            sscanf(header->value, "%255s %n", types[count], &skip) != 1)
            continue;
        const char *value = header->value + skip;
        mf_buf_init(&values[count], SIZE_MAX);
        mf_base64_decode(value, strlen(value), &values[count]);
        details[count] = (struct mf_error_detail){
            types[count], values[count].data, values[count].len};
        count++;
    }
    if (status == MF_STATUS_OK || status > MF_STATUS_UNAUTHENTICATED)
        status = MF_STATUS_UNKNOWN;
    mf_call_finish_error(call, (enum mf_status)status, text, details, count);
    while (count > 0)
        mf_buf_release(&values[--count]);
}

static void send_info(struct mf_call *call)
{
    struct mf_buf text, message;
    uint64_t left_ms;
    const char *query = mf_call_get_query(call);
    mf_buf_init(&text, SIZE_MAX);
    mf_buf_init(&message, SIZE_MAX);
    int rc = 0;
    if (mf_call_time_left(call, &left_ms))
        rc |= mf_buf_printf(&text, "left %llu\n", (unsigned long long)left_ms);
    if (query)
        rc |= mf_buf_printf(&text, "query %s\n", query);
    for (size_t i = 0; i < mf_call_metadata_count(call); i++) {
        const struct mf_header *header = mf_call_metadata_at(call, i);
        rc |= mf_buf_printf(&text, "%s: %s\n", header->name, header->value);
    }
    if (rc)
        abort();
    put_text(&message, 3, text.data, text.len);
    mf_call_send(call, message.data, message.len);
    mf_buf_release(&text);
    mf_buf_release(&message);
}

static void set_health(struct mf_call *call, const char *service,
                       unsigned status)
{
    if (mf_health_set(app.health, service,
                      status == MF_HEALTH_SERVING ? MF_HEALTH_SERVING
                                                  : MF_HEALTH_NOT_SERVING))
        abort();
    mf_call_send(call, NULL, 0);
}

static void hold(struct echo *echo)
{
    if (app.held_count == HELD_MAX)
        return;
    app.held[app.held_count++] = echo;
    mf_call_pause(echo->call);
}

static void unhold(const struct echo *echo)
{
    for (size_t i = 0; i < app.held_count; i++)
        if (app.held[i] == echo)
            app.held[i--] = app.held[--app.held_count];
}

static void release_held(void)
{
    size_t count = app.held_count;
    app.held_count = 0;
    for (size_t i = 0; i < count; i++)
        mf_call_resume(app.held[i]->call);
}

static void mark(const char *text)
{
    size_t len = strlen(app.marks);
    snprintf(app.marks + len, sizeof app.marks - len, "%s ", text);
}

static void send_text(struct mf_call *call, const char *text)
{
    struct mf_buf buf;
    mf_buf_init(&buf, SIZE_MAX);
    put_text(&buf, 1, text, strlen(text));
    mf_call_send(call, buf.data, buf.len);
    mf_buf_release(&buf);
}

/* True: nothing is left to do for this message. */
static bool obey(struct echo *echo, const char *text)
{
    unsigned status = 0;
    int skip = 0;
    unsigned long number = 0;
    if (sscanf(text, "fail %u %n", &status, &skip) == 1)
        fail(echo->call, status, text + skip);
    else if (sscanf(text, "health %u %n", &status, &skip) == 1)
        set_health(echo->call, text + skip, status);
    else if (strcmp(text, "hold") == 0)
        hold(echo);
    else if (strncmp(text, "mark ", 5) == 0)
        mark(text + 5);
    else if (strcmp(text, "marks") == 0)
        send_text(echo->call, app.marks);
    else if (strcmp(text, "info") == 0)
        send_info(echo->call);
    else if (sscanf(text, "size %lu", &number) == 1)
        send_size(echo->call, number);
    else if (strcmp(text, "abort") == 0)
        mf_call_abort(echo->call);
    else if (strcmp(text, "head") == 0)
        mf_call_send_head(echo->call);
    else if (sscanf(text, "pause %lu", &number) == 1) {
        if (!echo->timer)
            echo->timer = mf_timer_new(app.loop, on_pause_over, echo);
        mf_call_pause(echo->call);
        mf_timer_start(echo->timer, number, 0);
    } else
        return strcmp(text, "never") == 0;
    return true;
}

/* ---- Methods ---- */

static void on_open(struct mf_call *call, void *user)
{
    (void)user;
    echo_of(call);
}

static void on_unary(struct mf_call *call, void *user, const uint8_t *message,
                     size_t len)
{
    (void)user;
    char text[TEXT_CAP];
    first_field(message, len, text);
    app.messages++;
    if (strcmp(text, "release") == 0)
        release_held();
    if (!obey(echo_of(call), text))
        mf_call_send(call, message, len);
    if (strcmp(text, "never") != 0)
        mf_call_finish(call, MF_STATUS_OK, NULL);
}

static void on_server_stream(struct mf_call *call, void *user,
                             const uint8_t *message, size_t len)
{
    (void)user;
    char text[TEXT_CAP];
    struct echo *echo = echo_of(call);
    first_field(message, len, text);
    app.messages++;
    echo->left = 1;
    sscanf(text, "repeat %lu", &echo->left);
    if (obey(echo, text)) {
        if (strncmp(text, "size", 4) == 0)
            mf_call_finish(call, MF_STATUS_OK, NULL);
        return;
    }
    if (mf_buf_append(&echo->message, message, len))
        abort();
    echo->is_half_closed = true;
    repeat(echo);
    if (echo->left == 0)
        mf_call_finish(call, MF_STATUS_OK, NULL);
}

static void answer_counts(struct echo *echo)
{
    char text[TEXT_CAP];
    snprintf(text, sizeof text, "%lu messages, %lu bytes", echo->count,
             echo->bytes);
    send_text(echo->call, text);
    mf_call_finish(echo->call, MF_STATUS_OK, NULL);
}

static void on_client_message(struct mf_call *call, void *user,
                              const uint8_t *message, size_t len)
{
    (void)user;
    char text[TEXT_CAP];
    struct echo *echo = echo_of(call);
    first_field(message, len, text);
    app.messages++;
    echo->count++;
    echo->bytes += len;
    if (strcmp(text, "enough") == 0)
        answer_counts(echo);
    else
        obey(echo, text);
}

static void on_client_half_close(struct mf_call *call, void *user)
{
    (void)user;
    app.half_closes++;
    answer_counts(echo_of(call));
}

static void on_bidi_message(struct mf_call *call, void *user,
                            const uint8_t *message, size_t len)
{
    (void)user;
    char text[TEXT_CAP];
    struct echo *echo = echo_of(call);
    first_field(message, len, text);
    app.messages++;
    if (obey(echo, text))
        return;
    mf_buf_clear(&echo->message);
    if (mf_buf_append(&echo->message, message, len))
        abort();
    unsigned long times = 1;
    sscanf(text, "repeat %lu", &times);
    echo->left += times;
    repeat(echo);
}

static void finish_if_done(struct echo *echo)
{
    if (echo->is_half_closed && echo->left == 0)
        mf_call_finish(echo->call, MF_STATUS_OK, NULL);
}

static void on_bidi_half_close(struct mf_call *call, void *user)
{
    (void)user;
    struct echo *echo = echo_of(call);
    app.half_closes++;
    echo->is_half_closed = true;
    finish_if_done(echo);
}

static void on_drain(struct mf_call *call, void *user)
{
    (void)user;
    struct echo *echo = echo_of(call);
    if (!echo->message.len)
        return;
    repeat(echo);
    finish_if_done(echo);
}

static void on_close(struct mf_call *call, void *user)
{
    (void)user;
    struct echo *echo = mf_call_data(call);
    app.closes++;
    if (!echo)
        return;
    unhold(echo);
    mf_timer_free(echo->timer);
    mf_buf_release(&echo->message);
    free(echo);
    mf_call_set_data(call, NULL);
}

static void on_stats(struct mf_call *call, void *user, const uint8_t *message,
                     size_t len)
{
    (void)user;
    (void)message;
    (void)len;
    char text[TEXT_CAP];
    snprintf(text, sizeof text, "%lu %lu %lu %lu", app.opens, app.messages,
             app.half_closes, app.closes);
    send_text(call, text);
    mf_call_finish(call, MF_STATUS_OK, NULL);
}

static const struct mf_method methods[] = {
    {.path = "/test.Echo/Unary",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_UNARY,
     .no_side_effects = true,
     .ops = {.on_message = on_unary, .on_close = on_close}},
    {.path = "/test.Echo/Short",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_UNARY,
     .ops = {.on_message = on_unary, .on_close = on_close},
     .max_message_len = 100},
    {.path = "/test.Echo/ServerStream",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_SERVER_STREAM,
     .ops = {.on_message = on_server_stream,
             .on_drain = on_drain,
             .on_close = on_close}},
    {.path = "/test.Echo/ClientStream",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_CLIENT_STREAM,
     .ops = {.on_open = on_open,
             .on_message = on_client_message,
             .on_half_close = on_client_half_close,
             .on_close = on_close}},
    {.path = "/test.Echo/Bidi",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_BIDI_STREAM,
     .ops = {.on_open = on_open,
             .on_message = on_bidi_message,
             .on_half_close = on_bidi_half_close,
             .on_drain = on_drain,
             .on_close = on_close}},
    {.path = "/test.Echo/Stats",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_UNARY,
     .ops = {.on_message = on_stats}},
};

/* ---- What is not a call ---- */

static void answer_who(struct mf_exchange *x)
{
    const struct mf_header type = {"content-type", "text/plain"};
    const char *cert = mf_exchange_client_cert(x);
    struct mf_buf text;
    mf_buf_init(&text, SIZE_MAX);
    if (mf_buf_printf(&text, "%s\n%s\n%s\n", mf_exchange_peer(x),
                      mf_exchange_is_tls(x) ? "tls" : "clear",
                      cert ? cert : "-"))
        abort();
    mf_exchange_respond(x, 200, &type, 1);
    mf_exchange_write(x, text.data, text.len);
    mf_exchange_finish(x, NULL, 0);
    mf_buf_release(&text);
}

static void answer(struct mf_exchange *x, void *user)
{
    (void)user;
    if (strcmp(mf_exchange_path(x), "/who") == 0) {
        answer_who(x);
        return;
    }
    static const char body[] = "healthy\n";
    const struct mf_header type = {"content-type", "text/plain"};
    bool known = strcmp(mf_exchange_path(x), "/healthz") == 0;
    mf_exchange_respond(x, known ? 200 : 404, &type, 1);
    mf_exchange_write_static(x, body, strlen(body));
    mf_exchange_finish(x, NULL, 0);
}

static void on_request(void *user, struct mf_exchange *x)
{
    (void)user;
    static const struct mf_exchange_events events = {.on_end = answer};
    if (!mf_rpc_handle(app.rpc, x))
        mf_exchange_set_events(x, &events, NULL);
}

static void on_stopped(void *arg)
{
    mf_loop_stop(arg);
}

static void on_signal(void *arg, int signum)
{
    (void)arg;
    (void)signum;
    static bool is_stopping;
    if (is_stopping)
        return;
    is_stopping = true;
    mf_health_stop(app.health);
    mf_reflection_stop(app.reflection);
    mf_server_stop(app.server, app.grace_ms, on_stopped, app.loop);
}

/* ---- TLS ---- */

static bool take_tls_option(const char *name, const char *value)
{
    if (strcmp(name, "--tls-cert") == 0)
        app.cert = value;
    else if (strcmp(name, "--tls-key") == 0)
        app.key = value;
    else if (strcmp(name, "--tls-client-ca") == 0)
        app.client_ca = value;
    else if (strcmp(name, "--open-addr") == 0)
        app.open_address = value;
    else if (strcmp(name, "--needs-client-cert") == 0)
        app.needs_client_cert = strcmp(value, "1") == 0;
    else
        return false;
    return true;
}

static char *read_file(const char *path)
{
    if (!path)
        return NULL;
    struct mf_buf text;
    mf_buf_init(&text, SIZE_MAX);
    FILE *file = fopen(path, "r");
    if (!file)
        abort();
    int c;
    while ((c = getc(file)) != EOF)
        if (mf_buf_append_byte(&text, (uint8_t)c))
            abort();
    fclose(file);
    if (mf_buf_append_byte(&text, 0))
        abort();
    size_t len;
    return (char *)mf_buf_take(&text, &len);
}

static int load_tls(struct mf_err *err)
{
    char *cert = read_file(app.cert), *key = read_file(app.key),
         *client_ca = read_file(app.client_ca);
    const struct mf_tls_pem pem = {cert, key, client_ca};
    int rc = app.tls ? mf_tls_reload(app.tls, &pem, err)
                     : mf_tls_new(&pem, &app.tls, err);
    free(cert);
    free(key);
    free(client_ca);
    return rc;
}

static void listen_openly(void)
{
    const struct mf_listen_opts opts = {.address = app.open_address,
                                        .tls = app.tls};
    char *url;
    if (mf_server_listen(app.server, &opts, &url, NULL))
        abort();
    printf("%s\n", url);
    free(url);
}

static void on_hangup(void *arg, int signum)
{
    (void)arg;
    (void)signum;
    struct mf_err err;
    if (load_tls(&err))
        printf("%s\n", err.text);
    else
        printf("reloaded\n");
    fflush(stdout);
}

/* False: not a name of a limit. */
static bool set_limit(struct mf_server_opts *opts, const char *name,
                      unsigned number)
{
    const struct {
        const char *name;
        unsigned *to;
    } limits[] = {
        {"--max-connections", &opts->max_connections},
        {"--first-timeout-ms", &opts->first_timeout_ms},
        {"--head-timeout-ms", &opts->head_timeout_ms},
        {"--body-timeout-ms", &opts->body_timeout_ms},
        {"--send-timeout-ms", &opts->send_timeout_ms},
        {"--idle-timeout-ms", &opts->idle_timeout_ms},
        {"--ping-interval-ms", &opts->ping_interval_ms},
        {"--ping-timeout-ms", &opts->ping_timeout_ms},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (strcmp(limits[i].name, name) != 0)
            continue;
        *limits[i].to = number;
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct mf_err err = {0};
    const char *origins[ORIGINS_MAX];
    struct mf_rpc_opts rpc_opts = {.max_message_len = 1 << 20,
                                   .cors_origins = origins};
    struct mf_server_opts opts = {.on_request = on_request};
    const char *address = "127.0.0.1:0";
    app.grace_ms = 2000;
    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned long number = strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--addr") == 0)
            address = argv[i + 1];
        else if (take_tls_option(argv[i], argv[i + 1]))
            continue;
        else if (strcmp(argv[i], "--max-message") == 0)
            rpc_opts.max_message_len = number;
        else if (set_limit(&opts, argv[i], (unsigned)number))
            continue;
        else if (strcmp(argv[i], "--origin") == 0 &&
                 rpc_opts.cors_origin_count < ORIGINS_MAX)
            origins[rpc_opts.cors_origin_count++] = argv[i + 1];
        else if (strcmp(argv[i], "--grace-ms") == 0)
            app.grace_ms = (unsigned)number;
        else
            return 2;
    }
    if (app.cert && load_tls(&err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    const struct mf_listen_opts listen = {.address = address,
                                          .tls = app.tls,
                                          .needs_client_cert =
                                              app.needs_client_cert};
    struct mf_schema *schema;
    if (mf_schema_new(mf_pb_descriptors, mf_pb_descriptors_len, &schema, NULL))
        return 1;
    rpc_opts.schema = schema;
    app.rpc = mf_rpc_new(&rpc_opts);
    char *url = NULL;
    if (!app.rpc || mf_loop_new(&app.loop, &err))
        return 1;
    opts.loop = app.loop;
    app.health = mf_health_new(app.rpc);
    app.reflection = mf_reflection_new(app.rpc);
    if (mf_rpc_add(app.rpc, methods, sizeof methods / sizeof *methods, NULL) ||
        !app.health || !app.reflection ||
        mf_health_set_all(app.health, MF_HEALTH_SERVING) ||
        mf_server_new(&opts, &app.server, &err) ||
        mf_server_listen(app.server, &listen, &url, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    mf_loop_on_signal(app.loop, SIGTERM, on_signal, NULL);
    mf_loop_on_signal(app.loop, SIGHUP, on_hangup, NULL);
    printf("%s\n", url);
    if (app.open_address)
        listen_openly();
    fflush(stdout);
    mf_loop_run(app.loop);
    mf_server_free(app.server);
    mf_rpc_free(app.rpc);
    mf_health_free(app.health);
    mf_reflection_free(app.reflection);
    mf_tls_free(app.tls);
    mf_loop_free(app.loop);
    mf_schema_free(schema);
    free(url);
    return 0;
}

/*
 * Whole calls: any head and body through src/rpc, without a net. What comes
 * out must be an answer by the rules of the protocol that was asked in.
 *
 * An input is "METHOD PATH\n", "name: value\n" lines, "\n", one byte that
 * says how it is fed (see below), and the body.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/base64.h"
#include "codec/envelope.h"
#include "fake_exchange.h"
#include "rpc/health.h"
#include "rpc/reflection.h"
#include "rpc/rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    MESSAGE_MAX_LEN = 16 * 1024,
    /* The byte before the body. */
    FEED_VERSION_1 = 0x01,
    FEED_CUT = 0x02,     /* the body does not end */
    FEED_LATE = 0x04,    /* all timers fire before the end */
    FEED_SIZE_SHIFT = 3, /* the rest: the size of pieces; 0: in one */
};

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* ---- The service ---- */

static struct mf_call *paused;
static int opens, closes;

/* Request headers that may be come back, as headers and trailers. */
static void echo_metadata(struct mf_call *call)
{
    for (size_t i = 0; i < mf_call_metadata_count(call); i++) {
        const struct mf_header *header = mf_call_metadata_at(call, i);
        if (!mf_call_name_is_free(header->name))
            continue;
        mf_call_add_header(call, header->name, header->value);
        mf_call_add_trailer(call, header->name, header->value);
    }
}

static void note(struct mf_call *call)
{
    if (mf_call_data(call))
        return;
    mf_call_set_data(call, &opens);
    opens++;
    echo_metadata(call);
}

/* The message is an UpdateFlowRequest; its third byte, the first of the flow's
 * id, says what is done. */
static void on_message(struct mf_call *call, void *user, const uint8_t *message,
                       size_t len)
{
    const bool *is_unary = user;
    const struct mf_error_detail detail = {
        .type = "a.B", .value = message, .len = len};
    char text[64] = "";
    size_t text_len = len < sizeof text ? len : sizeof text - 1;
    uint64_t left_ms;
    note(call);
    mf_call_time_left(call, &left_ms);
    memcpy(text, message, text_len);
    switch (len > 2 ? message[2] : 0) {
    case 'f':
        mf_call_finish_error(call, MF_STATUS_ABORTED, text, &detail, 1);
        return;
    case 'a':
        mf_call_abort(call);
        return;
    case 'h':
        mf_call_send_head(call);
        break;
    case 'p':
        paused = call;
        mf_call_pause(call);
        break;
    default:
        break;
    }
    mf_call_send(call, message, len);
    if (*is_unary)
        mf_call_finish(call, MF_STATUS_OK, text);
}

static void on_open(struct mf_call *call, void *user)
{
    (void)user;
    note(call);
}

static void on_half_close(struct mf_call *call, void *user)
{
    (void)user;
    note(call);
    mf_call_finish(call, MF_STATUS_OK, NULL);
}

static void on_close(struct mf_call *call, void *user)
{
    (void)user;
    if (mf_call_data(call))
        closes++;
    if (paused == call)
        paused = NULL;
}

#define TYPE "mitmflow.v1.UpdateFlowRequest"
#define OPS .on_message = on_message, .on_close = on_close
#define STREAM_OPS OPS, .on_open = on_open, .on_half_close = on_half_close

static const struct mf_method one_methods[] = {
    {.path = "/t/U",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_UNARY,
     .no_side_effects = true,
     .ops = {OPS}},
    {.path = "/t/S",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_SERVER_STREAM,
     .ops = {OPS}},
};
static const struct mf_method stream_methods[] = {
    {.path = "/t/C",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_CLIENT_STREAM,
     .ops = {STREAM_OPS}},
    {.path = "/t/B",
     .input = TYPE,
     .output = TYPE,
     .kind = MF_METHOD_BIDI_STREAM,
     .ops = {STREAM_OPS}},
};

static struct mf_rpc *make_rpc(void)
{
    static const char *const origins[] = {"https://page.example"};
    static bool yes = true, no = false;
    struct mf_rpc_opts opts = {.max_message_len = MESSAGE_MAX_LEN,
                               .cors_origins = origins,
                               .cors_origin_count = 1};
    struct mf_schema *schema;
    require(mf_schema_new(mf_pb_descriptors, mf_pb_descriptors_len, &schema,
                          NULL) == 0);
    opts.schema = schema;
    struct mf_rpc *rpc = mf_rpc_new(&opts);
    require(rpc && mf_rpc_add(rpc, one_methods, 2, &yes) == 0 &&
            mf_rpc_add(rpc, stream_methods, 2, &no) == 0);
    struct mf_health *health = mf_health_new(rpc);
    require(health && mf_reflection_new(rpc) &&
            mf_health_set_all(health, MF_HEALTH_SERVING) == 0);
    return rpc;
}

/* ---- What came out ---- */

/* The last envelope's flags and how many there are; all must be whole. */
static size_t read_envelopes(const struct mf_buf *body, uint8_t *ret_last)
{
    const uint8_t *data = body->data;
    size_t len = body->len, count = 0;
    struct mf_envelope envelope;
    struct mf_envelope_message message;
    mf_envelope_init(&envelope, 0xff, UINT32_MAX);
    *ret_last = 0;
    while (len && mf_envelope_next(&envelope, &data, &len, &message) == 1) {
        count++;
        *ret_last = message.flags;
    }
    require(mf_envelope_is_between(&envelope));
    mf_envelope_release(&envelope);
    return count;
}

static void check_enveloped(const struct mf_exchange *x, uint8_t last_flags)
{
    uint8_t last;
    require(x->status == 200 && x->trailers.count == 0);
    require(read_envelopes(&x->body, &last) > 0 && last == last_flags);
}

static void check_text(struct mf_exchange *x)
{
    struct mf_base64_reader reader = {0};
    struct mf_buf plain;
    mf_buf_init(&plain, SIZE_MAX);
    require(mf_base64_read(&reader, x->body.data, x->body.len, &plain) == 0);
    require(mf_base64_is_whole(&reader));
    mf_buf_release(&x->body);
    x->body = plain;
    check_enveloped(x, MF_ENVELOPE_TRAILERS);
}

static void check_grpc(const struct mf_exchange *x)
{
    uint8_t last;
    const struct fake_fields *ends =
        x->trailers.count ? &x->trailers : &x->answer;
    require(x->status == 200 && x->version == 2);
    require(fake_fields_count(ends, "grpc-status") == 1);
    require(!x->trailers.count || !fake_fields_get(&x->answer, "grpc-status"));
    read_envelopes(&x->body, &last);
    require((last & ~MF_ENVELOPE_COMPRESSED) == 0);
}

static void check_answer(struct mf_exchange *x)
{
    const char *type = fake_fields_get(&x->answer, "content-type");
    if (!type) {
        require(x->status == 204);
        return;
    }
    require(fake_fields_count(&x->answer, "content-type") == 1);
    if (strncmp(type, "application/grpc-web-text", 25) == 0)
        check_text(x);
    else if (strncmp(type, "application/grpc-web", 20) == 0)
        check_enveloped(x, MF_ENVELOPE_TRAILERS);
    else if (strncmp(type, "application/grpc", 16) == 0)
        check_grpc(x);
    else if (strncmp(type, "application/connect+", 20) == 0)
        check_enveloped(x, MF_ENVELOPE_END_STREAM);
    else if (x->status != 200)
        require(x->trailers.count == 0 && x->body.len > 0);
}

/* ---- Feeding ---- */

/* The next line of a head, its '\n' turned into NUL; NULL: no whole one. */
static char *take_line(char **text, size_t *len)
{
    char *line = *text, *end = memchr(line, '\n', *len);
    if (!end)
        return NULL;
    *end = '\0';
    *len -= (size_t)(end + 1 - line);
    *text = end + 1;
    return line;
}

/* As net does: no NUL, and lower case in names. */
static bool parse_head(struct mf_exchange *x, char **text, size_t *len)
{
    char *line = take_line(text, len), *space = line ? strchr(line, ' ') : NULL;
    if (!space)
        return false;
    *space = '\0';
    x->method = line;
    x->path = space + 1;
    while ((line = take_line(text, len)) && *line) {
        char *colon = strstr(line, ": ");
        if (!colon || x->header_count == 20)
            return false;
        *colon = '\0';
        for (char *c = line; *c; c++)
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
        x->headers[x->header_count++] = (struct mf_header){line, colon + 2};
    }
    return line;
}

/* Until the exchange takes more, or needs no more. */
static void settle(struct mf_exchange *x)
{
    do {
        struct mf_call *call = paused;
        paused = NULL;
        if (call)
            mf_call_resume(call);
        fake_timers_run(false);
    } while (paused);
    require(!x->is_paused || x->is_finished || x->is_reset);
}

static void feed(struct mf_exchange *x, uint8_t how, const uint8_t *body,
                 size_t len)
{
    size_t size = how >> FEED_SIZE_SHIFT;
    while (len > 0 && !x->is_finished && !x->is_reset) {
        size_t piece = size && size < len ? size : len;
        if (x->events->on_data)
            x->events->on_data(x, x->user, body, piece);
        settle(x);
        body += piece;
        len -= piece;
    }
    if (how & FEED_LATE) {
        fake_timers_run(true);
        if (x->has_deadline && !x->is_finished && !x->is_reset)
            x->events->on_deadline(x, x->user);
    }
    bool is_open = !x->is_finished && !x->is_reset;
    if (is_open && !(how & FEED_CUT) && x->events->on_end)
        x->events->on_end(x, x->user);
    settle(x);
    if (x->events->on_drain)
        x->events->on_drain(x, x->user);
}

static void call(struct mf_rpc *rpc, char *text, size_t len)
{
    struct mf_exchange x = {.version = 2};
    mf_buf_init(&x.body, SIZE_MAX);
    if (!parse_head(&x, &text, &len))
        return;
    uint8_t how = len ? (uint8_t)*text : 0;
    if (how & FEED_VERSION_1)
        x.version = 1;
    opens = closes = 0;
    if (!mf_rpc_handle(rpc, &x)) {
        require(!x.events && !x.is_responded);
        return;
    }
    feed(&x, how, (const uint8_t *)text + (len > 0), len ? len - 1 : 0);
    /* A watch of the health goes on. */
    require(x.is_finished || x.is_reset || (how & FEED_CUT) ||
            strstr(x.path, "/Watch"));
    if (x.is_finished && !x.is_reset)
        check_answer(&x);
    if (x.events->on_close)
        x.events->on_close(&x, x.user, x.is_finished);
    require(opens == closes);
    fake_exchange_release(&x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mf_rpc *rpc;
    if (!rpc)
        rpc = make_rpc();
    char *text = malloc(size + 1);
    require(text);
    if (size)
        memcpy(text, data, size);
    call(rpc, text, size);
    free(text);
    return 0;
}

#include "service/failures.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "pb/wire.h"
#include "service/context.h"

/* The last few are known, for those that are told again. */
enum { FAILURES_MAX = 256 };

/* Field numbers of FlowSummary. */
enum {
    SUMMARY_ID = 1,
    SUMMARY_HTTP = 6,
    SUMMARY_TCP = 8,
    SUMMARY_UDP = 9,
    SUMMARY_ERROR = 104,
};

/* Where HttpFlowSummary and the others have what is looked at. */
struct places {
    uint32_t client_host, client_port, server_host, server_port;
};
static const struct places http_places = {7, 10, 8, 9};
static const struct places stream_places = {3, 4, 1, 2};
enum { HTTP_METHOD = 1, HTTP_STATUS = 3, BAD_GATEWAY = 502 };

/* What a FlowSummary tells of a flow. */
struct gist {
    struct mf_span id;
    struct mf_span error;
    struct mf_span method;
    struct mf_span client_host;
    struct mf_span server_host;
    uint64_t client_port;
    uint64_t server_port;
    uint64_t status;
};

enum failure_state { FAILURE_NONE, FAILURE_WAITS, FAILURE_IS_TOLD };

struct failure {
    enum failure_state state;
    int64_t at_ns; /* monotonic */
    char *source;
    struct mf_flow *flow;
    struct mf_buf summary; /* of the flow, for what `gist` borrows */
    struct gist gist;
    char *words; /* of the error alone */
    size_t words_len;
};

struct mf_failures {
    struct mf_context *context;
    struct mf_timer *timer; /* runs while any waits */
    struct failure ring[FAILURES_MAX];
    size_t next;
    size_t waiting;
};

/* ---- what a flow is about ---- */

static struct mf_span text_of(const struct mf_wire_field *field)
{
    return field->type == MF_WIRE_LEN
               ? (struct mf_span){(const char *)field->data, field->len}
               : (struct mf_span){"", 0};
}

static void read_kind(struct gist *gist, const struct mf_wire_field *kind)
{
    bool is_http = kind->number == SUMMARY_HTTP;
    const struct places *places = is_http ? &http_places : &stream_places;
    struct mf_cursor cursor = mf_cursor_make(kind->data, kind->len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == places->client_host)
            gist->client_host = text_of(&field);
        else if (field.number == places->client_port)
            gist->client_port = field.value;
        else if (field.number == places->server_host)
            gist->server_host = text_of(&field);
        else if (field.number == places->server_port)
            gist->server_port = field.value;
        else if (is_http && field.number == HTTP_METHOD)
            gist->method = text_of(&field);
        else if (is_http && field.number == HTTP_STATUS)
            gist->status = field.value;
    }
}

static struct gist read_gist(const uint8_t *summary, size_t len)
{
    struct gist gist = {.id = {"", 0},
                        .error = {"", 0},
                        .method = {"", 0},
                        .client_host = {"", 0},
                        .server_host = {"", 0}};
    struct mf_cursor cursor = mf_cursor_make(summary, len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == SUMMARY_ID)
            gist.id = text_of(&field);
        else if (field.number == SUMMARY_ERROR)
            gist.error = text_of(&field);
        else if (field.type == MF_WIRE_LEN &&
                 (field.number == SUMMARY_HTTP || field.number == SUMMARY_TCP ||
                  field.number == SUMMARY_UDP))
            read_kind(&gist, &field);
    }
    return gist;
}

static bool is_same(struct mf_span a, struct mf_span b)
{
    return a.len == b.len && (!a.len || memcmp(a.text, b.text, a.len) == 0);
}

/* ---- the ring ---- */

static void clear(struct mf_failures *failures, struct failure *failure)
{
    failures->waiting -= failure->state == FAILURE_WAITS;
    mf_flow_unref(failure->flow);
    mf_buf_release(&failure->summary);
    free(failure->source);
    free(failure->words);
    *failure = (struct failure){0};
}

static struct failure *find(struct mf_failures *failures, const char *source,
                            struct mf_span id)
{
    for (size_t i = 0; i < FAILURES_MAX; i++) {
        struct failure *failure = &failures->ring[i];
        if (failure->state && is_same(failure->gist.id, id) &&
            strcmp(failure->source, source) == 0)
            return failure;
    }
    return NULL;
}

static int put(struct mf_failures *failures, struct mf_flow *flow,
               const char *source, uint64_t *ret_ticket)
{
    return mf_store_put(failures->context->store, flow, source, "", ret_ticket);
}

/* No flow has told of it: it is one. */
static void put_waiting(struct mf_failures *failures, struct failure *failure)
{
    uint64_t ticket;
    int rc = put(failures, failure->flow, failure->source, &ticket);
    if (rc)
        mf_log(MF_LOG_WARN, "a failed connection is not shown: %s",
               mf_err_message(rc));
    clear(failures, failure);
}

/* The oldest first. */
static void put_those_due(struct mf_failures *failures, int64_t before_ns)
{
    for (size_t i = 0; i < FAILURES_MAX && failures->waiting; i++) {
        struct failure *failure =
            &failures->ring[(failures->next + i) % FAILURES_MAX];
        if (failure->state == FAILURE_WAITS && failure->at_ns <= before_ns)
            put_waiting(failures, failure);
    }
}

static void start_timer(struct mf_failures *failures)
{
    mf_timer_start(failures->timer, MF_FAILURE_WAIT_MS / 4, 0);
}

static void on_timer(void *arg)
{
    struct mf_failures *failures = arg;
    put_those_due(failures,
                  mf_clock_mono_ns() - MF_FAILURE_WAIT_MS * MF_NS_PER_MS);
    if (failures->waiting)
        start_timer(failures);
}

void mf_failures_flush(struct mf_failures *failures)
{
    mf_timer_stop(failures->timer);
    put_those_due(failures, INT64_MAX);
}

struct mf_failures *mf_failures_new(struct mf_context *context)
{
    struct mf_failures *failures = calloc(1, sizeof *failures);
    if (!failures)
        return NULL;
    failures->context = context;
    failures->timer = mf_timer_new(context->loop, on_timer, failures);
    if (!failures->timer) {
        free(failures);
        return NULL;
    }
    return failures;
}

void mf_failures_free(struct mf_failures *failures)
{
    if (!failures)
        return;
    for (size_t i = 0; i < FAILURES_MAX; i++)
        clear(failures, &failures->ring[i]);
    mf_timer_free(failures->timer);
    free(failures);
}

/* ---- taken in ---- */

/* The place of the oldest, which waits no more. */
static struct failure *make_room(struct mf_failures *failures)
{
    struct failure *failure = &failures->ring[failures->next];
    failures->next = (failures->next + 1) % FAILURES_MAX;
    if (failure->state == FAILURE_WAITS)
        put_waiting(failures, failure);
    else
        clear(failures, failure);
    return failure;
}

static int let_wait(struct mf_failures *failures, const char *source,
                    const struct mf_connection *connection,
                    struct mf_flow *flow)
{
    struct failure *failure = make_room(failures);
    mf_buf_init(&failure->summary, SIZE_MAX);
    failure->source = strdup(source);
    failure->words_len = connection->error.len;
    failure->words = strndup(connection->error.text, connection->error.len);
    if (!failure->source || !failure->words ||
        mf_flow_put_summary(flow, &failure->summary)) {
        clear(failures, failure);
        return MF_ENOMEM;
    }
    failure->flow = mf_flow_ref(flow);
    failure->gist = read_gist(failure->summary.data, failure->summary.len);
    failure->at_ns = mf_clock_mono_ns();
    failure->state = FAILURE_WAITS;
    if (!failures->waiting++)
        start_timer(failures);
    return 0;
}

int mf_failures_take(struct mf_failures *failures, const char *source,
                     const struct mf_connection *connection,
                     uint64_t *ret_ticket, struct mf_err *err)
{
    struct mf_flow *flow;
    int rc = mf_connection_failure_flow(connection, &flow, err);
    if (rc)
        return rc;
    if (!connection->is_server)
        rc = put(failures, flow, source, ret_ticket);
    else if (!find(failures, source, mf_flow_id(flow)))
        rc = let_wait(failures, source, connection, flow);
    mf_flow_unref(flow);
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

/* ---- told by another ---- */

static bool has_same_words(const struct failure *failure, struct mf_span error)
{
    return failure->words_len &&
           memmem(error.text, error.len, failure->words, failure->words_len);
}

static bool tells_of(const struct gist *gist, const struct failure *failure)
{
    const struct gist *own = &failure->gist;
    static const char connect[] = "CONNECT";
    if (!own->client_host.len || own->client_port != gist->client_port ||
        !is_same(own->client_host, gist->client_host))
        return false;
    bool has_same_server = own->server_host.len &&
                           own->server_port == gist->server_port &&
                           is_same(own->server_host, gist->server_host);
    if (gist->error.len)
        return has_same_server || has_same_words(failure, gist->error);
    return has_same_server && gist->status == BAD_GATEWAY &&
           is_same(gist->method, (struct mf_span){connect, sizeof connect - 1});
}

static void see(struct mf_failures *failures, const struct mf_record *record)
{
    size_t len;
    const uint8_t *summary = mf_record_summary(record, &len);
    const char *source = mf_record_head(record)->source;
    struct gist gist = read_gist(summary, len);
    /* One failure does not tell of another. */
    if ((!gist.error.len && gist.status != BAD_GATEWAY) ||
        mf_connection_is_failure_id(gist.id))
        return;
    for (size_t i = 0; i < FAILURES_MAX && failures->waiting; i++) {
        struct failure *failure = &failures->ring[i];
        if (failure->state == FAILURE_WAITS &&
            strcmp(failure->source, source) == 0 && tells_of(&gist, failure)) {
            failure->state = FAILURE_IS_TOLD;
            failures->waiting--;
        }
    }
}

void mf_failures_see(struct mf_failures *failures,
                     const struct mf_change *changes, size_t count)
{
    for (size_t i = 0; i < count && failures->waiting; i++)
        if (changes[i].record)
            see(failures, changes[i].record);
}

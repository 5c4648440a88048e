#include "service/failures.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "pb/wire.h"
#include "service/context.h"

/* Of the last few, for as long as a flow may come after its connection. */
enum { FAILURES_MAX = 256 };
static const int64_t wait_ns = 30 * MF_NS_PER_S;

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

struct failure {
    int64_t at_ns;   /* monotonic; 0: none */
    uint64_t number; /* of its flow; 0: not seen yet */
    bool is_told;    /* by another flow */
    char *source;
    struct mf_flow *flow;
    struct mf_buf summary; /* of the flow, for what `gist` borrows */
    struct gist gist;
    char *words; /* of the error alone */
    size_t words_len;
};

struct mf_failures {
    struct failure ring[FAILURES_MAX];
    size_t next;
    int64_t last_ns; /* of the newest */
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

static void clear(struct failure *failure)
{
    mf_flow_unref(failure->flow);
    mf_buf_release(&failure->summary);
    free(failure->source);
    free(failure->words);
    *failure = (struct failure){0};
}

struct mf_failures *mf_failures_new(void)
{
    return calloc(1, sizeof(struct mf_failures));
}

void mf_failures_free(struct mf_failures *failures)
{
    for (size_t i = 0; failures && i < FAILURES_MAX; i++)
        clear(&failures->ring[i]);
    free(failures);
}

/* What is forgotten here for want of memory costs a row too many. */
static void note(struct mf_failures *failures, const char *source,
                 const struct mf_connection *connection, struct mf_flow *flow)
{
    struct failure *failure = &failures->ring[failures->next];
    clear(failure);
    mf_buf_init(&failure->summary, SIZE_MAX);
    failure->source = strdup(source);
    failure->words_len = connection->error.len;
    failure->words = strndup(connection->error.text, connection->error.len);
    if (!failure->source || !failure->words ||
        mf_flow_put_summary(flow, &failure->summary)) {
        clear(failure);
        return;
    }
    failure->flow = mf_flow_ref(flow);
    failure->gist = read_gist(failure->summary.data, failure->summary.len);
    failure->at_ns = failures->last_ns = mf_clock_mono_ns();
    failures->next = (failures->next + 1) % FAILURES_MAX;
}

static struct failure *find(struct mf_failures *failures, const char *source,
                            struct mf_span id)
{
    for (size_t i = 0; i < FAILURES_MAX; i++) {
        struct failure *failure = &failures->ring[i];
        if (failure->at_ns && is_same(failure->gist.id, id) &&
            strcmp(failure->source, source) == 0)
            return failure;
    }
    return NULL;
}

/* ---- as a flow ---- */

int mf_failures_take(struct mf_context *context, const char *source,
                     const struct mf_connection *connection,
                     uint64_t *ret_ticket, struct mf_err *err)
{
    struct mf_flow *flow;
    int rc = mf_connection_failure_flow(connection, &flow, err);
    if (rc)
        return rc;
    struct mf_failures *failures = context->failures;
    struct failure *known = find(failures, source, mf_flow_id(flow));
    if (!known || !known->is_told) {
        rc = mf_store_put(context->store, flow, source, "", ret_ticket);
        if (rc)
            mf_err_set(err, rc, "%s", mf_err_message(rc));
        else if (!known && connection->is_server)
            note(failures, source, connection, flow);
    }
    mf_flow_unref(flow);
    return rc;
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

static void take_back(struct mf_context *context, struct failure *failure)
{
    failure->is_told = true;
    int rc = mf_store_take_back(context->store, failure->number);
    if (rc)
        mf_log(MF_LOG_WARN, "flow %" PRIu64 " not taken back: %s",
               failure->number, mf_err_message(rc));
}

static void see(struct mf_context *context, const struct mf_record *record)
{
    struct mf_failures *failures = context->failures;
    const struct mf_record_head *head = mf_record_head(record);
    size_t len;
    const uint8_t *summary = mf_record_summary(record, &len);
    struct gist gist = read_gist(summary, len);
    if (!gist.error.len && gist.status != BAD_GATEWAY)
        return;
    struct failure *own = find(failures, head->source, gist.id);
    if (own) {
        own->number = head->number;
        return;
    }
    int64_t since_ns = mf_clock_mono_ns() - wait_ns;
    for (size_t i = 0; i < FAILURES_MAX; i++) {
        struct failure *failure = &failures->ring[i];
        if (failure->number && !failure->is_told &&
            failure->at_ns >= since_ns &&
            strcmp(failure->source, head->source) == 0 &&
            tells_of(&gist, failure))
            take_back(context, failure);
    }
}

void mf_failures_see(struct mf_context *context,
                     const struct mf_change *changes, size_t count)
{
    const struct mf_failures *failures = context->failures;
    if (!failures->last_ns || mf_clock_mono_ns() - failures->last_ns > wait_ns)
        return;
    for (size_t i = 0; i < count; i++)
        if (changes[i].record)
            see(context, changes[i].record);
}

#include "service/viewer.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/wire.h"
#include "service/connections.h"
#include "service/fail.h"
#include "service/flow_ref.h"
#include "service/get_flow.h"

enum {
    NOTE_MAX_LEN = 64 << 10,
    FLOW_ID_FIELD = 1, /* of UpdateFlowRequest, as the next */
    NOTE_FIELD = 3,
    FLOW_CONNECTIONS = 102, /* of a mitmflow.v1.Flow */
    ID_REFS_MAX = 100000,
    REFS_EXTRA = 16, /* fields that name no flow */
};
#define BODY_MAX_LEN ((size_t)64 << 20)
#define ANSWER_MAX_LEN ((size_t)512 << 20)

static void refuse(struct mf_call *call, const char *text)
{
    mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, text);
}

/* A read for one call. Outlives the call when that goes first. */
struct read {
    struct mf_job job;    /* first: jobs are cast back */
    struct mf_call *call; /* NULL: closed */
    bool done;
    int rc;
    struct mf_err err;
    struct mf_owned_ref ref;
    size_t message_limit;
    size_t body_max; /* 0: without bodies */
    const struct mf_types *types;
    struct mf_buf answer;
};

static void read_free(struct read *read)
{
    mf_buf_release(&read->answer);
    mf_owned_ref_release(&read->ref);
    free(read);
}

static void read_on_close(struct mf_call *call, void *user)
{
    (void)user;
    struct read *read = mf_call_data(call);
    if (!read)
        return;
    read->call = NULL;
    if (read->done)
        read_free(read);
}

/* True if the call still waits for what was read. */
static bool read_is_wanted(struct read *read)
{
    read->done = true;
    if (!read->call) {
        read_free(read);
        return false;
    }
    if (read->job.was_dropped) {
        mf_call_finish(read->call, MF_STATUS_UNAVAILABLE,
                       "the server is stopping");
        return false;
    }
    if (read->rc) {
        mf_fail(read->call, &read->err);
        return false;
    }
    return true;
}

/* ---- GetFlow ---- */

static int put_answer(struct mf_reader *reader, const struct mf_record *record,
                      struct read *read)
{
    struct mf_err *err = &read->err;
    struct mf_buf more;
    mf_buf_init(&more, SIZE_MAX);
    int rc = mf_connections_put(reader, record, FLOW_CONNECTIONS, &more, err);
    if (!rc) {
        rc = mf_get_flow_put(
            record, read->body_max, read->types,
            (struct mf_span){(const char *)more.data, more.len}, &read->answer);
        if (rc)
            mf_err_set(err, rc, "flow cannot be shown: %s", mf_err_message(rc));
    }
    mf_buf_release(&more);
    return rc;
}

static void get_work(struct mf_job *job, struct mf_reader *reader)
{
    struct read *read = (struct read *)job;
    struct mf_record *record;
    read->rc = mf_reader_get(reader, &read->ref.ref, read->message_limit,
                             &record, &read->err);
    if (read->rc)
        return;
    read->rc = put_answer(reader, record, read);
    mf_record_unref(record);
}

static void get_done(struct mf_job *job)
{
    struct read *read = (struct read *)job;
    if (!read_is_wanted(read))
        return;
    mf_call_send(read->call, read->answer.data, read->answer.len);
    mf_buf_release(&read->answer); /* the call may last: a slow client */
    mf_call_finish(read->call, MF_STATUS_OK, NULL);
}

static struct read *read_new(struct mf_call *call,
                             const struct mf_context *context,
                             const Mitmflow__V1__GetFlowRequest *request,
                             const uint8_t *message, size_t len)
{
    struct read *read = calloc(1, sizeof *read);
    if (!read || mf_owned_ref_init(&read->ref, message, len, request->number)) {
        free(read);
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return NULL;
    }
    read->call = call;
    read->message_limit = request->message_limit;
    read->body_max = request->without_bodies ? 0 : BODY_MAX_LEN;
    read->types = context->types;
    read->job.work = get_work;
    read->job.done = get_done;
    mf_buf_init(&read->answer, ANSWER_MAX_LEN);
    mf_call_set_data(call, read);
    return read;
}

static void on_get_flow(struct mf_call *call, void *user,
                        const uint8_t *message, size_t len)
{
    struct mf_context *context = user;
    Mitmflow__V1__GetFlowRequest *request =
        mitmflow__v1__get_flow_request__unpack(NULL, len, message);
    if (!request) {
        refuse(call, "malformed message");
        return;
    }
    struct read *read = read_new(call, context, request, message, len);
    mitmflow__v1__get_flow_request__free_unpacked(request, NULL);
    if (read)
        mf_pool_run(context->pool, &read->job);
}

/* ---- UpdateFlow, DeleteFlows ---- */

/* A write for one call: answered on the loop after its commit. */
struct write {
    struct mf_context *context;
    struct mf_call *call; /* NULL: closed */
    bool is_update;
    int rc;
    struct mf_record *record;
    uint64_t count;
};

static void write_answer(void *arg)
{
    struct write *write = arg;
    struct mf_buf answer;
    int rc = 0;
    /* Flows that go take what they told of message types with them. */
    if (!write->is_update && write->context->types)
        mf_types_lost(write->context->types);
    mf_buf_init(&answer, SIZE_MAX);
    if (write->call && write->rc) {
        struct mf_err err;
        mf_err_set(&err, write->rc, "no such flow");
        mf_fail(write->call, &err);
    } else if (write->call) {
        size_t len = 0;
        const uint8_t *summary =
            write->record ? mf_record_summary(write->record, &len) : NULL;
        if (write->is_update)
            rc = mf_wire_put_bytes(&answer, 1, summary, len);
        else
            rc = mf_wire_put_varint_opt(&answer, 1, write->count);
        mf_call_send(write->call, answer.data, answer.len);
        mf_call_finish(write->call,
                       rc ? MF_STATUS_RESOURCE_EXHAUSTED : MF_STATUS_OK, NULL);
    }
    if (write->call)
        mf_call_set_data(write->call, NULL);
    mf_buf_release(&answer);
    mf_record_unref(write->record);
    free(write);
}

/* On the writer thread. */
static void write_done(void *user, int rc, struct mf_record *record,
                       uint64_t count)
{
    struct write *write = user;
    write->rc = rc;
    write->record = record ? mf_record_ref(record) : NULL;
    write->count = count;
    mf_loop_post(write->context->loop, write_answer, write);
}

static void write_on_close(struct mf_call *call, void *user)
{
    (void)user;
    struct write *write = mf_call_data(call);
    if (write)
        write->call = NULL;
}

static struct write *write_new(struct mf_context *context, struct mf_call *call,
                               bool is_update)
{
    struct write *write = calloc(1, sizeof *write);
    if (!write) {
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return NULL;
    }
    write->context = context;
    write->call = call;
    write->is_update = is_update;
    mf_call_set_data(call, write);
    return write;
}

/* The store refused to queue it. */
static void write_refused(struct write *write, int rc)
{
    struct mf_err err;
    mf_err_set(&err, rc, "%s", mf_err_message(rc));
    mf_call_set_data(write->call, NULL);
    mf_fail(write->call, &err);
    free(write);
}

/* Why the note cannot be kept as it is; NULL: it can. */
static const char *note_fault(struct mf_span note)
{
    if (note.len > NOTE_MAX_LEN)
        return "a note is at most 64 KiB";
    if (memchr(note.text, 0, note.len))
        return "a note holds no NUL";
    if (!mf_utf8_valid(note.text, note.len))
        return "the note is not UTF-8";
    return NULL;
}

/* `id` and `note` are the request's, with any NUL that they hold. */
static void update(struct mf_context *context, struct mf_call *call,
                   const Mitmflow__V1__UpdateFlowRequest *request,
                   struct mf_span id, struct mf_span note)
{
    struct mf_update update = {0};
    bool pinned = request->pinned;
    if (request->pinned_presence_case ==
        MITMFLOW__V1__UPDATE_FLOW_REQUEST__PINNED_PRESENCE_PINNED)
        update.pinned = &pinned;
    if (request->note_presence_case ==
        MITMFLOW__V1__UPDATE_FLOW_REQUEST__NOTE_PRESENCE_NOTE) {
        update.note = request->note;
        const char *fault = note_fault(note);
        if (fault) {
            refuse(call, fault);
            return;
        }
    }
    const struct mf_flow_ref ref = {request->number, id};
    struct write *write = write_new(context, call, true);
    if (!write)
        return;
    int rc = mf_store_update(context->store, &ref, &update, write_done, write);
    if (rc)
        write_refused(write, rc);
}

static void on_update_flow(struct mf_call *call, void *user,
                           const uint8_t *message, size_t len)
{
    Mitmflow__V1__UpdateFlowRequest *request =
        mitmflow__v1__update_flow_request__unpack(NULL, len, message);
    if (!request) {
        refuse(call, "malformed message");
        return;
    }
    update(user, call, request, mf_text_of_field(message, len, FLOW_ID_FIELD),
           mf_text_of_field(message, len, NOTE_FIELD));
    mitmflow__v1__update_flow_request__free_unpacked(request, NULL);
}

/* References of a DeleteFlowsRequest, ids read from the bytes; the caller
 * frees them. NULL: out of memory. */
static struct mf_flow_ref *
read_refs(const Mitmflow__V1__DeleteFlowsRequest *request,
          const uint8_t *message, size_t len, size_t *ret_count)
{
    size_t most = request->n_numbers + request->n_flow_ids;
    struct mf_flow_ref *refs = calloc(most + 1, sizeof *refs);
    if (!refs)
        return NULL;
    size_t count = 0;
    for (; count < request->n_numbers; count++)
        refs[count].number = request->numbers[count];
    struct mf_cursor cursor = mf_cursor_make(message, len);
    struct mf_wire_field field;
    while (count < most && mf_wire_next(&cursor, &field))
        if (field.number == 1 && field.type == MF_WIRE_LEN)
            refs[count++].id =
                (struct mf_span){(const char *)field.data, field.len};
    *ret_count = count;
    return refs;
}

static void delete (struct mf_context *context, struct mf_call *call,
                    const struct mf_flow_ref *refs, size_t count, bool all)
{
    struct write *write = write_new(context, call, false);
    if (!write)
        return;
    int rc =
        all ? mf_store_delete_all(context->store, write_done, write)
            : mf_store_delete(context->store, refs, count, write_done, write);
    if (rc)
        write_refused(write, rc);
}

/* Unpacked, each takes much more than on the wire. */
static bool has_too_many_fields(const uint8_t *message, size_t len)
{
    struct mf_cursor cursor = mf_cursor_make(message, len);
    struct mf_wire_field field;
    size_t count = 0;
    while (mf_wire_next(&cursor, &field))
        if (++count > ID_REFS_MAX + REFS_EXTRA)
            return true;
    return false;
}

static void on_delete_flows(struct mf_call *call, void *user,
                            const uint8_t *message, size_t len)
{
    if (has_too_many_fields(message, len)) {
        refuse(call, "too many flows named at once");
        return;
    }
    Mitmflow__V1__DeleteFlowsRequest *request =
        mitmflow__v1__delete_flows_request__unpack(NULL, len, message);
    if (!request) {
        refuse(call, "malformed message");
        return;
    }
    size_t count = 0;
    struct mf_flow_ref *refs = NULL;
    if (request->n_numbers > ID_REFS_MAX ||
        request->n_flow_ids > ID_REFS_MAX - request->n_numbers)
        refuse(call, "too many flows named at once");
    else if (!(refs = read_refs(request, message, len, &count)))
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
    else
        delete (user, call, refs, count, request->all);
    free(refs);
    mitmflow__v1__delete_flows_request__free_unpacked(request, NULL);
}

#define SERVICE "mitmflow.v1."

const struct mf_method mf_viewer_methods[] = {
    {
        .path = "/" SERVICE "Service/GetFlow",
        .input = SERVICE "GetFlowRequest",
        .output = SERVICE "GetFlowResponse",
        .kind = MF_METHOD_UNARY,
        .no_side_effects = true,
        .ops = {.on_message = on_get_flow, .on_close = read_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
    {
        .path = "/" SERVICE "Service/UpdateFlow",
        .input = SERVICE "UpdateFlowRequest",
        .output = SERVICE "UpdateFlowResponse",
        .kind = MF_METHOD_UNARY,
        .ops = {.on_message = on_update_flow, .on_close = write_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
    {
        .path = "/" SERVICE "Service/DeleteFlows",
        .input = SERVICE "DeleteFlowsRequest",
        .output = SERVICE "DeleteFlowsResponse",
        .kind = MF_METHOD_UNARY,
        .ops = {.on_message = on_delete_flows, .on_close = write_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
};
const size_t mf_viewer_method_count =
    sizeof mf_viewer_methods / sizeof *mf_viewer_methods;

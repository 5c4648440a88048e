/* From a status to the end of a response. */
#include <assert.h>
#include <stdio.h>

#include "codec/envelope.h"
#include "rpc/accept.h"
#include "rpc/call_impl.h"
#include "rpc/cors.h"

enum {
    H2_INTERNAL_ERROR = 2, /* RFC 9113, section 7 */
    STATUS_CAP = 16,
};

/* ---- Connect ---- */

static int end_connect_unary(struct mf_call *call,
                             const struct mf_ending *ending)
{
    if (ending->status == MF_STATUS_OK) {
        mf_exchange_finish(call->x, NULL, 0);
        return 0;
    }
    struct mf_buf text;
    struct mf_fields fields;
    mf_buf_init(&text, SIZE_MAX);
    mf_fields_init(&fields);
    mf_fields_add(&fields, "content-type", "application/json");
    if (call->is_encoding_unknown)
        mf_fields_add(&fields, "accept-encoding", MF_ACCEPT_OURS);
    mf_cors_add_fields(&call->rpc->opts, call->x, &fields);
    mf_fields_add_all(&fields, &call->headers, false);
    mf_fields_add_all(&fields, &call->trailers, true);
    int rc = fields.rc ? fields.rc : mf_ending_json(ending, &text);
    if (!rc) {
        mf_exchange_respond(call->x, mf_status_http(ending->status),
                            fields.list, fields.count);
        mf_exchange_write(call->x, text.data, text.len);
        mf_exchange_finish(call->x, NULL, 0);
    }
    mf_fields_release(&fields);
    mf_buf_release(&text);
    return rc;
}

/* A last envelope, and nothing after it. */
static int write_last(struct mf_call *call, uint8_t flags,
                      const struct mf_buf *text)
{
    int rc = mf_call__write_envelope(call, flags, text->data, text->len);
    if (!rc)
        mf_exchange_finish(call->x, NULL, 0);
    return rc;
}

static int end_connect_stream(struct mf_call *call,
                              const struct mf_ending *ending)
{
    struct mf_buf text;
    mf_buf_init(&text, SIZE_MAX);
    int rc = mf_ending_stream_json(ending, &call->trailers, &text);
    if (!rc)
        rc = write_last(call, MF_ENVELOPE_END_STREAM, &text);
    mf_buf_release(&text);
    return rc;
}

/* ---- gRPC ---- */

/* What both kinds of gRPC say at the end; the fields borrow the texts. */
struct grpc_trailers {
    struct mf_fields fields;
    char status[STATUS_CAP];
    struct mf_buf message;
    struct mf_buf details;
};

static void release_trailers(struct grpc_trailers *trailers)
{
    mf_fields_release(&trailers->fields);
    mf_buf_release(&trailers->message);
    mf_buf_release(&trailers->details);
}

static int make_trailers(const struct mf_call *call,
                         const struct mf_ending *ending,
                         struct grpc_trailers *trailers)
{
    struct mf_fields *fields = &trailers->fields;
    snprintf(trailers->status, sizeof trailers->status, "%d",
             (int)ending->status);
    mf_fields_add(fields, "grpc-status", trailers->status);
    int rc = mf_ending_grpc_message(ending, &trailers->message);
    if (!rc && trailers->message.len) {
        rc = mf_buf_append_byte(&trailers->message, 0);
        mf_fields_add(fields, "grpc-message",
                      (const char *)trailers->message.data);
    }
    if (rc)
        return rc;
    rc = mf_ending_grpc_details(ending, &trailers->details);
    if (!rc && trailers->details.len)
        rc = mf_buf_append_byte(&trailers->details, 0);
    if (rc == MF_ENOMEM)
        return rc;
    if (!rc && trailers->details.len)
        mf_fields_add(fields, "grpc-status-details-bin",
                      (const char *)trailers->details.data);
    mf_fields_add_all(fields, &call->trailers, false);
    return fields->rc;
}

static void init_trailers(struct grpc_trailers *trailers)
{
    mf_fields_init(&trailers->fields);
    mf_buf_init(&trailers->message, SIZE_MAX);
    mf_buf_init(&trailers->details, MF_CALL_DETAILS_MAX_LEN);
}

static int end_grpc_web(struct mf_call *call, const struct mf_ending *ending)
{
    struct grpc_trailers trailers;
    struct mf_buf text;
    init_trailers(&trailers);
    mf_buf_init(&text, SIZE_MAX);
    int rc = make_trailers(call, ending, &trailers);
    for (size_t i = 0; !rc && i < trailers.fields.count; i++)
        rc = mf_buf_printf(&text, "%s: %s\r\n", trailers.fields.list[i].name,
                           trailers.fields.list[i].value);
    if (!rc)
        rc = write_last(call, MF_ENVELOPE_TRAILERS, &text);
    mf_buf_release(&text);
    release_trailers(&trailers);
    return rc;
}

/* Without a head, a message and metadata the trailers stand in for the head
 * ("Trailers-Only"). With metadata clients could not tell headers apart. */
static void write_trailers_only(struct mf_call *call,
                                const struct mf_fields *trailers)
{
    struct mf_fields fields;
    mf_fields_init(&fields);
    mf_fields_add(&fields, "content-type", call->content_type);
    if (call->is_encoding_unknown)
        mf_fields_add(&fields, "grpc-accept-encoding", MF_ACCEPT_OURS);
    for (size_t i = 0; i < trailers->count; i++)
        mf_fields_add(&fields, trailers->list[i].name, trailers->list[i].value);
    call->is_head_sent = true;
    if (fields.rc) {
        mf_exchange_reset(call->x, H2_INTERNAL_ERROR);
    } else {
        mf_exchange_respond(call->x, 200, fields.list, fields.count);
        mf_exchange_finish(call->x, NULL, 0);
    }
    mf_fields_release(&fields);
}

static int end_grpc(struct mf_call *call, const struct mf_ending *ending)
{
    struct grpc_trailers trailers;
    init_trailers(&trailers);
    int rc = make_trailers(call, ending, &trailers);
    if (rc)
        goto out;
    if (!call->is_head_sent && mf_metadata_is_empty(&call->headers) &&
        mf_metadata_is_empty(&call->trailers)) {
        write_trailers_only(call, &trailers.fields);
    } else {
        mf_call__write_head(call);
        mf_exchange_finish(call->x, trailers.fields.list,
                           trailers.fields.count);
    }
out:
    release_trailers(&trailers);
    return rc;
}

void mf_call__write_end(struct mf_call *call, const struct mf_ending *ending)
{
    static int (*const ends[])(struct mf_call *, const struct mf_ending *) = {
        [MF_PROTOCOL_CONNECT_UNARY] = end_connect_unary,
        [MF_PROTOCOL_CONNECT_STREAM] = end_connect_stream,
        [MF_PROTOCOL_GRPC] = end_grpc,
        [MF_PROTOCOL_GRPC_WEB] = end_grpc_web,
    };
    assert(ending->status >= MF_STATUS_OK &&
           ending->status <= MF_STATUS_UNAUTHENTICATED);
    struct mf_ending clean = *ending;
    struct mf_buf message;
    mf_buf_init(&message, SIZE_MAX);
    int rc = 0;
    if (ending->message) {
        rc = mf_ending_clean_message(ending->message, &message);
        clean.message = (const char *)message.data;
    }
    if (rc || ends[call->protocol](call, &clean))
        mf_exchange_reset(call->x, H2_INTERNAL_ERROR);
    mf_buf_release(&message);
}

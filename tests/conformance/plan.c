#include "plan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define REQUEST_INFO_TYPE \
    "connectrpc.conformance.v1.ConformancePayload.RequestInfo"

struct plan plan_of_unary(const unary_definition *definition)
{
    struct plan plan = {0};
    if (!definition)
        return plan;
    plan.headers = definition->response_headers;
    plan.header_count = definition->n_response_headers;
    plan.trailers = definition->response_trailers;
    plan.trailer_count = definition->n_response_trailers;
    plan.delay_ms = definition->response_delay_ms;
    switch (definition->response_case) {
    case CONNECTRPC__CONFORMANCE__V1__UNARY_RESPONSE_DEFINITION__RESPONSE_RESPONSE_DATA:
        plan.items = &definition->response_data;
        plan.item_count = 1;
        break;
    case CONNECTRPC__CONFORMANCE__V1__UNARY_RESPONSE_DEFINITION__RESPONSE_ERROR:
        plan.error = definition->error;
        break;
    default:
        break;
    }
    return plan;
}

struct plan plan_of_stream(const stream_definition *definition)
{
    if (!definition)
        return (struct plan){0};
    return (struct plan){
        .headers = definition->response_headers,
        .header_count = definition->n_response_headers,
        .trailers = definition->response_trailers,
        .trailer_count = definition->n_response_trailers,
        .items = definition->response_data,
        .item_count = definition->n_response_data,
        .delay_ms = definition->response_delay_ms,
        .error = definition->error,
    };
}

static void put_each(header_message **headers, size_t count,
                     void (*put)(struct mf_call *call, const char *name,
                                 const char *value),
                     struct mf_call *call)
{
    for (size_t i = 0; i < count; i++) {
        for (char *c = headers[i]->name; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        for (size_t j = 0; j < headers[i]->n_value; j++)
            put(call, headers[i]->name, headers[i]->value[j]);
    }
}

void plan_put_metadata(const struct plan *plan, struct mf_call *call)
{
    put_each(plan->headers, plan->header_count, mf_call_add_header, call);
    put_each(plan->trailers, plan->trailer_count, mf_call_add_trailer, call);
}

/* The binary form of `message`; the caller frees it. NULL: no memory. */
static uint8_t *pack(const ProtobufCMessage *message, size_t *ret_len)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *data = malloc(len + 1);
    if (!data)
        return NULL;
    *ret_len = protobuf_c_message_pack(message, data);
    return data;
}

int plan_send(struct mf_call *call, const ProtobufCBinaryData *data,
              struct request_info *info)
{
    payload_message payload = PAYLOAD_INIT;
    any_response response = ANY_RESPONSE_INIT;
    if (data)
        payload.data = *data;
    if (info)
        payload.request_info = &info->message;
    response.payload = &payload;
    size_t len;
    uint8_t *message = pack(&response.base, &len);
    if (!message)
        return MF_ENOMEM;
    mf_call_send(call, message, len);
    free(message);
    return 0;
}

/* "type.googleapis.com/a.B" names a.B. */
static const char *type_of_url(const char *url)
{
    const char *slash = strrchr(url, '/');
    return slash ? slash + 1 : url;
}

static enum mf_status status_of(const error_message *error)
{
    int code = (int)error->code;
    if (code <= MF_STATUS_OK || code > MF_STATUS_UNAUTHENTICATED)
        return MF_STATUS_UNKNOWN;
    return (enum mf_status)code;
}

static int finish_error(const error_message *error, struct mf_call *call,
                        const struct request_info *info)
{
    struct mf_error_detail *details =
        calloc(error->n_details + 1, sizeof *details);
    uint8_t *last = NULL;
    int rc = details ? 0 : MF_ENOMEM;
    if (rc)
        goto out;
    size_t count = error->n_details;
    for (size_t i = 0; i < count; i++)
        details[i] = (struct mf_error_detail){
            .type = type_of_url(error->details[i]->type_url),
            .value = error->details[i]->value.data,
            .len = error->details[i]->value.len,
        };
    if (info) {
        size_t len;
        last = pack(&info->message.base, &len);
        rc = last ? 0 : MF_ENOMEM;
        if (rc)
            goto out;
        details[count++] = (struct mf_error_detail){
            .type = REQUEST_INFO_TYPE, .value = last, .len = len};
    }
    mf_call_finish_error(call, status_of(error),
                         error->message_presence_case ? error->message : NULL,
                         details, count);
out:
    free(last);
    free(details);
    return rc;
}

int plan_finish(const struct plan *plan, struct mf_call *call,
                const struct request_info *info)
{
    if (plan->error)
        return finish_error(plan->error, call, info);
    mf_call_finish(call, MF_STATUS_OK, NULL);
    return 0;
}

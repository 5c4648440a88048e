/* HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), with the fields
 * that browsers add to it; what of a flow it has no room for stands in
 * "_mitmflow", so that import.h reads the same flow back. */
#include "export/har.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/formats.h"
#include "export/missing.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/wire.h"

struct state {
    struct mf_json_out json;
    struct mf_buf scratch; /* a decoded body */
};

static int write_out(void *user, const void *data, size_t len)
{
    return mf_export_write(user, data, len);
}

static int begin(struct mf_export *to, void *arg, struct mf_err *err)
{
    struct state *state = arg;
    struct mf_json_out *json = &state->json;
    (void)err;
    mf_buf_init(&state->scratch, MF_HAR_BODY_MAX_LEN);
    mf_json_out_init(json, write_out, to);
    mf_json_begin_object(json);
    mf_json_put_key(json, "log");
    mf_json_begin_object(json);
    mf_json_put_key(json, "version");
    mf_json_put_string(json, "1.2");
    mf_json_put_key(json, "creator");
    mf_json_begin_object(json);
    mf_json_put_key(json, "name");
    mf_json_put_string(json, "mitmflow");
    mf_json_put_key(json, "version");
    mf_json_put_string(json, MF_VERSION);
    mf_json_end_object(json);
    mf_json_put_key(json, "pages");
    mf_json_begin_array(json);
    mf_json_end_array(json);
    mf_json_put_key(json, "entries");
    mf_json_begin_array(json);
    return json->error;
}

static int end(struct mf_export *to, void *arg)
{
    struct state *state = arg;
    (void)to;
    mf_json_put_raw(&state->json, "\n");
    mf_json_end_array(&state->json);
    mf_json_end_object(&state->json);
    mf_json_end_object(&state->json);
    mf_json_put_raw(&state->json, "\n");
    return state->json.error;
}

static void release(void *arg)
{
    struct state *state = arg;
    mf_buf_release(&state->scratch);
}

static void put_text(struct mf_json_out *json, const char *name,
                     struct mf_span text)
{
    mf_json_put_key(json, name);
    mf_json_put_latin1(json, text);
}

/* ---- the URL ---- */

static struct mf_span url_of(const struct mf_http_half *request)
{
    return request->pretty_url.len ? request->pretty_url : request->url;
}

/* `start`, and the rest of the URL. */
static void put_joined(struct mf_json_out *json, const char *start,
                       struct mf_span rest)
{
    size_t start_len = strlen(start);
    char *text = malloc(start_len + rest.len);
    if (!text) {
        json->error = json->error ? json->error : MF_ENOMEM;
        return;
    }
    memcpy(text, start, start_len);
    memcpy(text + start_len, rest.text, rest.len);
    mf_json_put_text(json, (struct mf_span){text, start_len + rest.len});
    free(text);
}

/* Browsers write a WebSocket's URL with its own scheme; and none but an
 * absolute URL is one to who reads the file: what CONNECT has is none. */
static void put_url(struct mf_json_out *json, struct mf_span url,
                    struct mf_span method, bool is_websocket)
{
    bool is_http = mf_span_starts_with(url, "http://") ||
                   mf_span_starts_with(url, "https://");
    mf_json_put_key(json, "url");
    if (is_websocket && is_http)
        put_joined(json, "ws", mf_span_after(url, 4));
    else if (!is_http && mf_span_equals(method, MF_SPAN("CONNECT")))
        put_joined(json, "https://", url);
    else
        mf_json_put_text(json, url);
}

/* ---- request and response ---- */

static void put_trailers(struct mf_json_out *json,
                         const struct mf_http_half *half)
{
    struct mf_http_fields look = mf_http_trailers(half);
    struct mf_span name, value;
    if (!mf_http_fields_next(&look, &name, &value))
        return;
    mf_json_put_key(json, "_trailers");
    mf_har_put_headers(json, mf_http_trailers(half));
}

static void put_message(struct mf_json_out *json,
                        const struct mf_http_half *half)
{
    put_text(json, "httpVersion", half->http_version);
    mf_json_put_key(json, "cookies");
    mf_har_put_cookies(json, half);
    mf_json_put_key(json, "headers");
    mf_har_put_headers(json, mf_http_headers(half));
    put_trailers(json, half);
    mf_har_put_sizes(json, half);
}

static void put_request(struct state *state, const struct mf_http_half *request,
                        bool is_websocket)
{
    struct mf_json_out *json = &state->json;
    mf_json_put_key(json, "request");
    mf_json_begin_object(json);
    put_text(json, "method", request->method);
    put_url(json, url_of(request), request->method, is_websocket);
    put_message(json, request);
    mf_json_put_key(json, "queryString");
    mf_har_put_query(json, url_of(request));
    mf_har_put_post(json, request, &state->scratch);
    mf_json_end_object(json);
}

static void put_response(struct state *state,
                         const struct mf_http_half *response,
                         struct mf_span error)
{
    struct mf_json_out *json = &state->json;
    mf_json_put_key(json, "response");
    mf_json_begin_object(json);
    mf_json_put_key(json, "status");
    mf_json_put_uint(json, response->status);
    put_text(json, "statusText", response->reason);
    put_message(json, response);
    mf_json_put_key(json, "content");
    mf_har_put_content(json, response, &state->scratch);
    put_text(json, "redirectURL", mf_http_header(response, "location"));
    if (error.len)
        put_text(json, "_error", error);
    mf_json_end_object(json);
}

/* ---- what HAR has no room for ---- */

/* What other parts of the entry have, and certificates. */
static bool is_told(const ProtobufCMessageDescriptor *type,
                    const ProtobufCFieldDescriptor *field)
{
    static const struct {
        const ProtobufCMessageDescriptor *type;
        const char *fields; /* each with a blank before and behind */
    } told[] = {
        {&mitmproxy__v1__request__descriptor,
         " method headers content trailers header_fields trailer_fields "
         "raw_content "},
        {&mitmproxy__v1__response__descriptor,
         " status_code reason headers content trailers header_fields "
         "trailer_fields raw_content "},
        {&mitmproxy__v1__httpflow__descriptor, " websocket_messages "},
        {&mitmproxy__v1__client_conn__descriptor,
         " certificate_list mitmcert alpn_offers cipher_list "},
        {&mitmproxy__v1__server_conn__descriptor,
         " certificate_list alpn_offers cipher_list "},
    };
    char name[64];
    snprintf(name, sizeof name, " %s ", field->name);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (told[i].type == type)
            return strstr(told[i].fields, name) != NULL;
    return false;
}

static void put_more(struct mf_json_out *json,
                     const struct mf_export_flow *flow)
{
    const struct mf_record_head *head = mf_record_head(flow->record);
    const struct mf_flow *snapshot = mf_record_flow(flow->record);
    mf_json_put_key(json, "_mitmflow");
    mf_json_begin_object(json);
    mf_json_put_key(json, "number");
    mf_json_put_uint(json, head->number);
    mf_json_put_key(json, "source");
    mf_json_put_string(json, head->source);
    mf_json_put_key(json, "pinned");
    mf_json_put_bool(json, head->pinned);
    mf_json_put_key(json, "note");
    mf_json_put_string(json, head->note);
    mf_json_put_key(json, "flow");
    mf_json_begin_object(json);
    mf_json_put_fields(json, &mitmproxy__v1__httpflow__descriptor,
                       mf_flow_own_message(snapshot), is_told);
    mf_json_end_object(json);
    struct mf_span meta = mf_flow_meta(snapshot);
    if (meta.len) {
        mf_json_put_key(json, "meta");
        mf_json_begin_object(json);
        mf_json_put_fields(json, &mitmproxy__v1__flow_meta__descriptor, meta,
                           NULL);
        mf_json_end_object(json);
    }
    mf_json_end_object(json);
}

static void leave_out_certificates(struct mf_export *to,
                                   const struct mf_export_flow *flow,
                                   const struct mf_http_conn *client,
                                   const struct mf_http_conn *server)
{
    enum { CERTIFICATES = 10 };
    const struct mf_http_conn *both[] = {client, server};
    struct mf_wire_field field;
    for (int i = 0; i < 2; i++) {
        if (mf_wire_find((const uint8_t *)both[i]->message.text,
                         both[i]->message.len, CERTIFICATES, &field)) {
            mf_export_leave_out(to, flow->record, "certificates");
            return;
        }
    }
}

/* ---- entries ---- */

static bool is_ip(struct mf_span host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (!host.len || host.len >= sizeof text)
        return false;
    memcpy(text, host.text, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET, text, &address) == 1 ||
           inet_pton(AF_INET6, text, &address) == 1;
}

static void put_connection(struct mf_json_out *json,
                           const struct mf_http_conn *client,
                           const struct mf_http_conn *server)
{
    struct mf_span id = server->id.len ? server->id : client->id;
    if (is_ip(server->peer_host))
        put_text(json, "serverIPAddress", server->peer_host);
    if (id.len)
        put_text(json, "connection", id);
}

static void put_comment(struct mf_json_out *json,
                        const struct mf_export_flow *flow)
{
    struct mf_buf scratch;
    const char *note = mf_record_head(flow->record)->note;
    struct mf_span comment = mf_flow_comment(mf_record_flow(flow->record));
    if (*note)
        comment = (struct mf_span){note, strlen(note)};
    mf_buf_init(&scratch, SIZE_MAX);
    int rc = mf_export_comment(flow->record, comment, &scratch, &comment);
    if (rc && !json->error)
        json->error = rc;
    if (comment.len)
        put_text(json, "comment", comment);
    mf_buf_release(&scratch);
}

static int write_flow(struct mf_export *to, void *arg,
                      const struct mf_export_flow *flow)
{
    struct state *state = arg;
    struct mf_json_out *json = &state->json;
    const struct mf_flow *snapshot = mf_record_flow(flow->record);
    struct mf_http_half request, response;
    struct mf_http_conn client, server;
    if (mf_flow_type(snapshot) != MF_FLOW_HTTP) {
        char what[32];
        snprintf(what, sizeof what, "flow type %s",
                 mf_flow_type_name(mf_flow_type(snapshot)));
        mf_export_leave_out(to, flow->record, what);
        return 0;
    }
    bool is_websocket = mf_flow_facts(snapshot)->is_websocket;
    mf_http_half(snapshot, MF_HALF_REQUEST, &request);
    mf_http_half(snapshot, MF_HALF_RESPONSE, &response);
    mf_http_client(snapshot, &client);
    mf_http_server(snapshot, &server);
    mf_json_put_raw(json, "\n");
    mf_json_begin_object(json);
    mf_json_put_key(json, "startedDateTime");
    mf_json_put_time(json, request.start_ns ? request.start_ns
                                            : mf_flow_start_ns(snapshot));
    mf_har_put_timings(json, &request, &response, &server);
    put_request(state, &request, is_websocket);
    put_response(state, &response, mf_flow_error(snapshot));
    mf_json_put_key(json, "cache");
    mf_json_begin_object(json);
    mf_json_end_object(json);
    put_connection(json, &client, &server);
    put_comment(json, flow);
    if (is_websocket) {
        mf_json_put_key(json, "_resourceType");
        mf_json_put_string(json, "websocket");
        mf_har_put_messages(json, snapshot);
    }
    put_more(json, flow);
    mf_json_end_object(json);
    leave_out_certificates(to, flow, &client, &server);
    return json->error;
}

const struct mf_export_writer mf_export_har = {
    .state_size = sizeof(struct state),
    .begin = begin,
    .flow = write_flow,
    .end = end,
    .release = release,
};

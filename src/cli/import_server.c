/* mitmflow import into a running server, as an exporter would. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import.h"
#include "codec/base64.h"
#include "codec/envelope.h"
#include "export/import.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"

enum {
    CALL_LEN = 4 << 20, /* sent in one call, about */
    SILENCE_S = 60,
    HEADER_CAP = 512,
};

struct to_server {
    struct mf_import_to to; /* first: cast back */
    struct mf_ask *ask;
    struct mf_buf request; /* messages, each in its envelope */
    uint64_t count;        /* of them */
    uint64_t notes;        /* that could not be told */
    char header[HEADER_CAP];
    struct mf_err *err;
    bool is_answered;
    int rc;
};

static int take(struct to_server *to,
                const Mitmproxy__V1__ExportFlowResponse *answer)
{
    const char *why =
        answer->n_rejections ? answer->rejections[0]->reason : "no reason";
    to->is_answered = true;
    if (answer->rejected)
        return mf_err_set(to->err, MF_EINVAL,
                          "the server did not take %" PRIu64 " flows: %.100s",
                          answer->rejected, why);
    if (answer->flows_processed < to->count)
        return mf_err_set(to->err, MF_EIO,
                          "the server took %" PRIu64 " of %" PRIu64 " flows",
                          answer->flows_processed, to->count);
    return 0;
}

static bool on_message(void *user, const uint8_t *data, size_t len)
{
    struct to_server *to = user;
    Mitmproxy__V1__ExportFlowResponse *answer =
        mitmproxy__v1__export_flow_response__unpack(NULL, len, data);
    to->rc = answer ? take(to, answer)
                    : mf_err_set(to->err, MF_ECORRUPT,
                                 "the server sent a malformed message");
    if (answer)
        mitmproxy__v1__export_flow_response__free_unpacked(answer, NULL);
    return !to->rc;
}

static int send_call(struct to_server *to, struct mf_err *err)
{
    const struct mf_client_call call = {
        .path = "/mitmproxy.v1.Service/ExportFlow",
        .request = to->request.data,
        .request_len = to->request.len,
        .is_framed = true,
        .header = to->header,
        .silence_s = SILENCE_S,
        .on_message = on_message,
        .user = to,
    };
    if (!to->count)
        return 0;
    to->err = err;
    to->rc = 0;
    to->is_answered = false;
    enum mf_client_end end = mf_client_call(to->ask->client, &call, err);
    mf_buf_release(&to->request);
    to->count = 0;
    if (end != MF_CLIENT_DONE)
        return err->code;
    if (!to->rc && !to->is_answered)
        return mf_err_set(err, MF_ETRUNC, "the server did not answer");
    return to->rc;
}

/* The source goes with each call: a call has flows of one. */
static int set_source(struct to_server *to, const char *source,
                      struct mf_err *err)
{
    char header[HEADER_CAP];
    struct mf_buf base64;
    mf_buf_init(&base64, sizeof header);
    int rc = mf_base64_encode(source, strlen(source), false, &base64);
    if (!rc)
        snprintf(header, sizeof header, "mitmflow-source-bin: %.*s",
                 (int)base64.len, (const char *)base64.data);
    mf_buf_release(&base64);
    if (rc)
        return mf_err_set(err, rc, "%s", mf_err_message(rc));
    if (strcmp(header, to->header) == 0)
        return 0;
    rc = send_call(to, err);
    memcpy(to->header, header, sizeof header);
    return rc;
}

static int put_message(struct to_server *to, const struct mf_flow *flow)
{
    uint8_t prefix[MF_ENVELOPE_PREFIX_LEN] = {0};
    size_t start = to->request.len;
    int rc = mf_buf_append(&to->request, prefix, sizeof prefix);
    if (!rc)
        rc = mf_import_put_request(flow, &to->request);
    if (rc)
        return rc;
    size_t len = to->request.len - start - sizeof prefix;
    mf_envelope_prefix(0, (uint32_t)len, prefix);
    memcpy(to->request.data + start, prefix, sizeof prefix);
    to->count++;
    return 0;
}

static int put(struct mf_import_to *base, struct mf_flow *flow,
               const char *source, const char *note, struct mf_err *err)
{
    struct to_server *to = (struct to_server *)base;
    int rc = set_source(to, source, err);
    if (rc)
        return rc;
    rc = put_message(to, flow);
    if (rc)
        return mf_err_set(err, rc, "%s", mf_err_message(rc));
    to->notes += *note != '\0';
    return to->request.len >= CALL_LEN ? send_call(to, err) : 0;
}

static int flush(struct mf_import_to *base, struct mf_err *err)
{
    struct to_server *to = (struct to_server *)base;
    char text[100];
    int rc = send_call(to, err);
    if (!rc && to->notes) {
        snprintf(text, sizeof text,
                 "left out: %" PRIu64 " notes, which only --data-dir takes",
                 to->notes);
        mf_ask_tell(text);
        to->notes = 0;
    }
    return rc;
}

static void close_server(struct mf_import_to *base)
{
    struct to_server *to = (struct to_server *)base;
    mf_buf_release(&to->request);
    free(to);
}

int mf_import_to_server(struct mf_ask *ask, struct mf_import_to **ret_to,
                        struct mf_err *err)
{
    struct to_server *to = calloc(1, sizeof *to);
    if (!to)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    to->to = (struct mf_import_to){put, flush, close_server};
    to->ask = ask;
    mf_buf_init(&to->request, SIZE_MAX);
    *ret_to = &to->to;
    return 0;
}

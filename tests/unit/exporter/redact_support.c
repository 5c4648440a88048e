#include "redact_support.h"

#include <openssl/hmac.h>
#include <stdio.h>

#include "pb/encoder.h"

static const uint8_t KEY[MF_REDACT_KEY_LEN] = "0123456789abcdef0123456789abcde";

void bench_init(struct bench *bench, const char *const *rules)
{
    struct mf_err err = {0};
    size_t count = 0;
    while (rules[count])
        count++;
    *bench = (struct bench){.body_max = 1 << 20};
    mf_buf_init(&bench->bytes, SIZE_MAX);
    int rc = mf_redactor_new(rules, count, KEY, &bench->redactor, &err);
    if (rc)
        fail_msg("%s", err.text);
}

static void forget(struct bench *bench)
{
    if (bench->out)
        mitmproxy__v1__export_flow_request__free_unpacked(bench->out, NULL);
    bench->out = NULL;
}

void bench_release(struct bench *bench)
{
    forget(bench);
    mf_redact_flow_release(&bench->flow);
    mf_redactor_free(bench->redactor);
    mf_buf_release(&bench->bytes);
}

enum mf_redact_verdict bench_send_spliced(struct bench *bench,
                                          enum mf_kind kind,
                                          const struct mf_spliced *message)
{
    struct mf_encoder out;
    const struct mf_label label = {.kind = kind};
    mf_encoder_init(&out, SIZE_MAX);
    bench->verdict = mf_redact(bench->redactor, &bench->flow, &label, message,
                               bench->body_max, &out);
    forget(bench);
    const struct mf_spliced changed = mf_spliced_of(&out);
    mf_buf_clear(&bench->bytes);
    assert_int_equal(mf_spliced_flatten(bench->verdict == MF_REDACT_CHANGED
                                            ? &changed
                                            : message,
                                        &bench->bytes),
                     0);
    if (bench->verdict == MF_REDACT_SKIP) {
        mf_buf_clear(&bench->bytes);
    } else {
        bench->out = mitmproxy__v1__export_flow_request__unpack(
            NULL, bench->bytes.len, bench->bytes.data);
        assert_non_null(bench->out);
    }
    mf_encoder_release(&out);
    return bench->verdict;
}

enum mf_redact_verdict bench_send(struct bench *bench, enum mf_kind kind,
                                  const request_t *message)
{
    size_t len = mitmproxy__v1__export_flow_request__get_packed_size(message);
    uint8_t *bytes = malloc(len + 1);
    assert_non_null(bytes);
    mitmproxy__v1__export_flow_request__pack(message, bytes);
    const struct mf_spliced spliced = {.bytes = bytes, .len = len};
    enum mf_redact_verdict verdict = bench_send_spliced(bench, kind, &spliced);
    free(bytes);
    return verdict;
}

static char ID[] = "flow-1";

void sample_init(struct sample *sample, const char *url)
{
    mitmproxy__v1__request__init(&sample->request);
    mitmproxy__v1__response__init(&sample->response);
    mitmproxy__v1__flow_meta__init(&sample->meta);
    mitmproxy__v1__httpflow__init(&sample->http);
    mitmproxy__v1__flow__init(&sample->flow);
    mitmproxy__v1__flow_part__init(&sample->part);
    mitmproxy__v1__export_flow_request__init(&sample->message);
    for (int half = 0; half < 2; half++)
        for (int i = 0; i < 8; i++) {
            mitmproxy__v1__header_field__init(&sample->fields[half][i]);
            sample->field_list[half][i] = &sample->fields[half][i];
        }
    sample->request.header_fields = sample->field_list[0];
    sample->response.header_fields = sample->field_list[1];
    sample->request.url = (char *)url;
    sample->http.id = ID;
    sample->http.request = &sample->request;
    sample->http.response = &sample->response;
    sample->flow.flow_case = MITMPROXY__V1__FLOW__FLOW_HTTP_FLOW;
    sample->flow.http_flow = &sample->http;
    sample->message.flow = &sample->flow;
}

void sample_make_part(struct sample *sample)
{
    static char nothing[] = "";
    sample->http.id = nothing;
    sample->part.flow_id = ID;
    sample->part.flow = &sample->flow;
    sample->message.flow = NULL;
    sample->message.part = &sample->part;
}

void sample_add_header(struct sample *sample, bool is_response,
                       const char *name, const char *value)
{
    size_t *count = is_response ? &sample->response.n_header_fields
                                : &sample->request.n_header_fields;
    assert_true(*count < 8);
    Mitmproxy__V1__HeaderField *field = &sample->fields[is_response][*count];
    field->name.data = (uint8_t *)name;
    field->name.len = strlen(name);
    field->value.data = (uint8_t *)value;
    field->value.len = strlen(value);
    ++*count;
}

const char *mark_of(const char *secret)
{
    static char marks[8][32];
    static unsigned next;
    char *mark = marks[next++ % 8];
    uint8_t digest[32];
    unsigned len = sizeof digest;
    HMAC(EVP_sha256(), KEY, sizeof KEY, (const uint8_t *)secret, strlen(secret),
         digest, &len);
    strcpy(mark, "REDACTED-");
    for (int i = 0; i < 8; i++)
        sprintf(mark + strlen(mark), "%02x", digest[i]);
    return mark;
}

Mitmproxy__V1__Response *bench_body(struct bench *bench, const char *type,
                                    const char *encoding, const void *body,
                                    size_t len)
{
    struct sample sample;
    ProtobufCBinaryData data = {len, (uint8_t *)body};
    mf_redact_flow_release(&bench->flow);
    sample_init(&sample, "http://example.com/");
    if (*type)
        sample_add_header(&sample, true, "Content-Type", type);
    if (*encoding) {
        sample_add_header(&sample, true, "Content-Encoding", encoding);
        sample.response.raw_content = data;
    } else {
        sample.response.content = data;
    }
    bench_send(bench, MF_KIND_WHOLE, &sample.message);
    assert_non_null(bench->out);
    return bench->out->flow->http_flow->response;
}

bool holds(const struct mf_buf *bytes, const char *text)
{
    return bytes->len && memmem(bytes->data, bytes->len, text, strlen(text));
}

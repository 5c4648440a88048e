/* Messages that are redacted, for tests. */
#ifndef MF_TEST_REDACT_SUPPORT_H
#define MF_TEST_REDACT_SUPPORT_H

#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "exporter/redact/redact.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"

typedef Mitmproxy__V1__ExportFlowRequest request_t;
typedef Mitmproxy__V1__HTTPFlow http_t;

/* A redactor, one flow, and what became of its last message. */
struct bench {
    struct mf_redactor *redactor;
    struct mf_redact_flow flow;
    size_t body_max;
    enum mf_redact_verdict verdict;
    struct mf_buf bytes; /* the message that leaves, in one run */
    request_t *out;      /* the same, unpacked */
};

/* Rules end with NULL. */
void bench_init(struct bench *bench, const char *const *rules);
void bench_release(struct bench *bench);

/* Redact a message of this kind; bytes of its body may lie elsewhere. */
enum mf_redact_verdict bench_send(struct bench *bench, enum mf_kind kind,
                                  const request_t *message);
enum mf_redact_verdict bench_send_spliced(struct bench *bench,
                                          enum mf_kind kind,
                                          const struct mf_spliced *message);

/* A flow with a request of this URL and a response, sent whole. */
struct sample {
    Mitmproxy__V1__HeaderField fields[2][8], *field_list[2][8];
    Mitmproxy__V1__Request request;
    Mitmproxy__V1__Response response;
    Mitmproxy__V1__FlowMeta meta;
    Mitmproxy__V1__HTTPFlow http;
    Mitmproxy__V1__Flow flow;
    Mitmproxy__V1__FlowPart part;
    request_t message;
};
void sample_init(struct sample *sample, const char *url);
/* Make it a part of the same. */
void sample_make_part(struct sample *sample);
void sample_add_header(struct sample *sample, bool is_response,
                       const char *name, const char *value);

/* "REDACTED-..." as the redactor makes it of this secret. */
const char *mark_of(const char *secret);

/* What is left of a response's body with this type ("" for none); `raw` is
 * sent in place of content if it has an encoding. Lives until the next. */
Mitmproxy__V1__Response *bench_body(struct bench *bench, const char *type,
                                    const char *encoding, const void *body,
                                    size_t len);

bool holds(const struct mf_buf *bytes, const char *text);
#define assert_bytes(field, text)                                \
    do {                                                         \
        assert_int_equal((field).len, strlen(text));             \
        assert_memory_equal((field).data, (text), strlen(text)); \
    } while (0)

#endif

/*
 * What redaction costs: MB a second of a JSON body with three rules, and
 * microseconds of CPU for a flow's head with rules of headers alone.
 *
 * usage: bench-redact
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "exporter/redact/redact.h"
#include "pb/wire.h"

enum { BODY_LEN = 4 << 20, BODIES = 20, HEADS = 200000, CERT_LEN = 1500 };

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * MF_NS_PER_S + now.tv_nsec;
}

static void put_header(struct mf_buf *buf, const char *name, const char *value)
{
    size_t mark;
    mf_wire_begin(buf, 100, &mark);
    mf_wire_put_bytes(buf, 1, name, strlen(name));
    mf_wire_put_bytes(buf, 2, value, strlen(value));
    mf_wire_end(buf, mark);
}

/* A flow with a certificate, a request with ten headers, and maybe a body. */
static void put_flow(struct mf_buf *buf, const struct mf_buf *body)
{
    static const char *const HEADERS[][2] = {
        {"Host", "api.example.com"},
        {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"},
        {"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9"},
        {"Accept-Language", "en-US,en;q=0.5"},
        {"Accept-Encoding", "gzip, deflate, br"},
        {"Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0"},
        {"Cookie", "session=0123456789abcdef; theme=dark; id=42"},
        {"Referer", "https://www.example.com/a/page?from=here&x=1"},
        {"Cache-Control", "no-cache"},
        {"Content-Type", "application/json"},
    };
    static const uint8_t cert[CERT_LEN];
    size_t flow, http, half, conn;
    mf_wire_begin(buf, 1, &flow);
    mf_wire_begin(buf, 1, &http);
    mf_wire_begin(buf, 2, &half);
    mf_wire_put_bytes(buf, 2, "https://api.example.com/v1/items?page=2", 39);
    for (size_t i = 0; i < sizeof HEADERS / sizeof *HEADERS; i++)
        put_header(buf, HEADERS[i][0], HEADERS[i][1]);
    if (body)
        mf_wire_put_bytes(buf, 4, body->data, body->len);
    mf_wire_end(buf, half);
    mf_wire_begin(buf, 7, &conn);
    mf_wire_put_bytes(buf, 10, cert, sizeof cert);
    mf_wire_end(buf, conn);
    mf_wire_end(buf, http);
    mf_wire_end(buf, flow);
}

/* Nanoseconds for each of `count`. */
static double run(const char *const *rules, size_t rule_count,
                  const struct mf_buf *message, int count)
{
    static const uint8_t KEY[MF_REDACT_KEY_LEN];
    const struct mf_label label = {.kind = MF_KIND_WHOLE};
    const struct mf_spliced spliced = {.bytes = message->data,
                                       .len = message->len};
    struct mf_redactor *redactor;
    struct mf_err err;
    struct mf_encoder out;
    if (mf_redactor_new(rules, rule_count, KEY, &redactor, &err)) {
        fprintf(stderr, "bench-redact: %s\n", err.text);
        exit(1);
    }
    mf_encoder_init(&out, SIZE_MAX);
    int64_t begin = cpu_ns();
    for (int i = 0; i < count; i++) {
        struct mf_redact_flow flow = {0};
        mf_encoder_clear(&out);
        if (mf_redact(redactor, &flow, &label, &spliced, BODY_LEN * 2, &out) ==
            MF_REDACT_SKIP)
            exit(1);
        mf_redact_flow_release(&flow);
    }
    double ns = (double)(cpu_ns() - begin) / count;
    mf_encoder_release(&out);
    mf_redactor_free(redactor);
    return ns;
}

int main(void)
{
    static const char *const JSON[] = {"json $.items[*].token, $..secret",
                                       "json $.user.password",
                                       "regex /\\b\\d{16}\\b/ in body"};
    static const char *const HEADER[] = {
        "header authorization, cookie, set-cookie, x-api-*", "query token",
        "header x-other host=*.example.com"};
    struct mf_buf body, message;
    mf_buf_init(&body, SIZE_MAX);
    mf_buf_init(&message, SIZE_MAX);
    mf_buf_printf(&body, "{\"user\": {\"password\": \"x\"}, \"items\": [");
    for (int i = 0; body.len < BODY_LEN; i++)
        mf_buf_printf(&body,
                      "%s{\"id\": %d, \"name\": \"An item of a list\", "
                      "\"token\": \"t%d\", \"tags\": [\"a\", \"b\"], "
                      "\"price\": {\"amount\": 12.5, \"currency\": \"EUR\"}}",
                      i ? ", " : "", i, i);
    mf_buf_printf(&body, "]}");
    put_flow(&message, &body);
    double mb = (double)body.len / 1e6;
    printf("a JSON body of %.1f MB, all three rules: %.0f MB/s\n", mb,
           mb / (run(JSON, 3, &message, BODIES) / 1e9));
    printf("                 the paths alone: %.0f MB/s\n",
           mb / (run(JSON, 2, &message, BODIES) / 1e9));
    printf("                 the regex alone: %.0f MB/s\n",
           mb / (run(JSON + 2, 1, &message, BODIES) / 1e9));
    mf_buf_clear(&message);
    put_flow(&message, NULL);
    printf("a head of %zu bytes, rules of headers: %.2f us\n", message.len,
           run(HEADER, 3, &message, HEADS) / 1e3);
    printf("                 none of which finds anything: %.2f us\n",
           run(HEADER + 1, 2, &message, HEADS) / 1e3);
    mf_buf_release(&body);
    mf_buf_release(&message);
    return 0;
}

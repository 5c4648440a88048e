/* What a body looks like, and what is in its URL. */
#include <string.h>

#include "decode/decoders.h"
#include "decode/shapes.h"
#include "view_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mf_span header(const void *user, enum mf_header_place place,
                             const char *name)
{
    (void)user, (void)place, (void)name;
    return (struct mf_span){"application/dns-message", 23};
}

static bool each_header(const void *user, enum mf_header_place place,
                        bool (*visit)(void *to, struct mf_span name,
                                      struct mf_span value),
                        void *to)
{
    (void)user, (void)place, (void)visit, (void)to;
    return false;
}

/* One byte for the place, a line for the URL, the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum mf_body_place places[] = {
        MF_BODY_REQUEST, MF_BODY_RESPONSE, MF_BODY_MESSAGE};
    if (size < 2)
        return 0;
    const char *url = (const char *)data + 1;
    const char *newline = memchr(url, '\n', size - 1);
    size_t url_len = newline ? (size_t)(newline - url) : size - 1;
    size_t left = newline ? size - 2 - url_len : 0;
    const struct mf_body_http http = {
        .url = {url, url_len},
        .header = header,
        .each_header = each_header,
        .request_body = {url, url_len},
    };
    struct mf_body body = {
        .place = places[data[0] % 3],
        .data = {url + url_len + (newline != NULL), left},
        .content_type = MF_SPAN("application/json"),
        .is_text_message = data[0] & 4,
        .http = &http,
    };
    mf_shape_is_llm(&body);
    mf_shape_is_socket_io(&body);
    mf_shape_is_graphql(&body);
    mf_shape_is_dns_get(&body);
    body.content_type = MF_SPAN("text/event-stream");
    mf_shape_is_llm(&body);
    body.data.len = 0;
    if (mf_shape_is_dns_get(&body))
        fuzz_view(mf_decode__dns, &body);
    if (mf_shape_is_graphql(&body))
        fuzz_view(mf_decode__graphql, &body);
    return 0;
}

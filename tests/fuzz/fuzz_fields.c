/* Lines "name: value": fields of a message. */
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"
#include "view_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mf_span find(const void *user, enum mf_header_place place,
                           const char *name)
{
    (void)user;
    (void)place;
    (void)name;
    return MF_SPAN_NONE;
}

static bool each(const void *user, enum mf_header_place place,
                 bool (*visit)(void *to, struct mf_span name,
                               struct mf_span value),
                 void *to)
{
    struct mf_span rest = *(const struct mf_span *)user;
    (void)place;
    while (rest.len) {
        const char *end = memchr(rest.text, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.text) : rest.len;
        size_t step = end ? len + 1 : len;
        const char *colon = memchr(rest.text, ':', len);
        size_t name_len = colon ? (size_t)(colon - rest.text) : len;
        size_t value_at = colon ? name_len + 1 : name_len;
        if (visit(to, (struct mf_span){rest.text, name_len},
                  (struct mf_span){rest.text + value_at, len - value_at}))
            return true;
        rest = (struct mf_span){rest.text + step, rest.len - step};
    }
    return false;
}

/* As if it were a decoder of a body, so that its view is checked too. */
static int decode_fields(struct mf_decoding *decoding)
{
    const struct mf_body_http http = {
        .header = find, .each_header = each, .user = &decoding->body->data};
    return mf_decode_headers(&http, MF_HEADER_REQUEST, decoding->view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct mf_body body = {.data = {(const char *)data, size}};
    fuzz_view(decode_fields, &body);
    return 0;
}

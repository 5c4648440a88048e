/* A first line is a content type, the rest a body of it. */
#include <string.h>

#include "decode/decoders.h"
#include "view_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *end = size ? memchr(text, '\n', size) : NULL;
    if (!end)
        return 0;
    size_t len = (size_t)(end - text);
    struct mf_body body = {
        .place = MF_BODY_RESPONSE,
        .data = {end + 1, size - len - 1},
        .content_type = {text, len},
    };
    fuzz_view(mf_decode__multipart, &body);
    body.is_cut = true;
    fuzz_view(mf_decode__multipart, &body);
    return 0;
}

/* A first line is a content type, the rest a body: of whatever kind it is told
 * to be. */
#include <stdlib.h>
#include <string.h>

#include "decode/decoders.h"
#include "decode/inner.h"
#include "view_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As a part of another body: it is shown, whatever it is. */
static int show(struct mf_decoding *decoding)
{
    const struct mf_body inner = *decoding->body;
    return mf_decode__show(decoding, &inner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *end = size ? memchr(text, '\n', size) : NULL;
    if (!end)
        return 0;
    size_t len = (size_t)(end - text);
    const struct mf_body body = {
        .place = MF_BODY_MESSAGE,
        .data = {end + 1, size - len - 1},
        .content_type = {text, len},
        .is_text_message = size & 1,
        .is_cut = size & 2,
    };
    enum mf_body_kind kind = mf_body_kind(&body);
    if (!*mf_body_kind_name(kind) || !mf_body_sniff(body.data))
        abort();
    fuzz_view(mf_decode__font, &body);
    fuzz_view(mf_decode__pdf, &body);
    fuzz_view(show, &body);
    return 0;
}

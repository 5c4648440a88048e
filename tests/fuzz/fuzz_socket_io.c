#include "decode/decoders.h"
#include "view_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte tells the place: of a request, response or message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct mf_body body = {
        .place = data[0] & 4   ? MF_BODY_MESSAGE
                 : data[0] & 2 ? MF_BODY_RESPONSE
                               : MF_BODY_REQUEST,
        .data = {(const char *)data + 1, size - 1},
        .is_text_message = data[0] & 4,
    };
    fuzz_view(mf_decode__socket_io, &body);
    return 0;
}

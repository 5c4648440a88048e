#include "decode/decoders.h"
#include "view_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte is not looked at, so that all decoders share samples. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct mf_body body = {
        .place = MF_BODY_REQUEST,
        .data = {(const char *)data + 1, size - 1},
    };
    fuzz_view(mf_decode__cbor, &body);
    return 0;
}

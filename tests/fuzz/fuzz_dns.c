/* Messages of DNS; of an odd first byte over TCP. */
#include "decode/decoders.h"
#include "view_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct mf_body body = {
        .place = MF_BODY_MESSAGE,
        .data = {(const char *)data + 1, size - 1},
        .is_dns = data[0] & 1,
    };
    fuzz_view(mf_decode__dns, &body);
    return 0;
}

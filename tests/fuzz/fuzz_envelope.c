#include <stdlib.h>
#include <string.h>

#include "codec/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LEN = 4096 };

struct result {
    size_t count;
    size_t bytes;
    uint32_t sum;
    int rc;
    bool between;
};

/* What comes out when the input comes in pieces of `step` bytes. */
static struct result feed(const uint8_t *data, size_t size, size_t step)
{
    struct result result = {0};
    struct mf_envelope envelope;
    mf_envelope_init(&envelope, MF_ENVELOPE_COMPRESSED, MAX_LEN);
    for (size_t at = 0; at < size && result.rc >= 0; at += step) {
        const uint8_t *part = data + at;
        size_t len = size - at < step ? size - at : step;
        struct mf_envelope_message message;
        while ((result.rc =
                    mf_envelope_next(&envelope, &part, &len, &message)) == 1) {
            result.count++;
            result.bytes += message.len;
            if (message.len > MAX_LEN)
                abort();
            for (size_t i = 0; i < message.len; i++)
                result.sum = result.sum * 31 + message.data[i];
        }
    }
    result.between = mf_envelope_is_between(&envelope);
    mf_envelope_release(&envelope);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct result whole = feed(data, size, size ? size : 1);
    for (size_t step = 1; step < 9; step += 3) {
        struct result parts = feed(data, size, step);
        if (parts.count != whole.count || parts.bytes != whole.bytes ||
            parts.sum != whole.sum || parts.rc != whole.rc ||
            parts.between != whole.between)
            abort();
    }
    return 0;
}

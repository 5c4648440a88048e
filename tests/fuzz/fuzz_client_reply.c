#include <stdlib.h>
#include <string.h>

#include "client/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LEN = 1 << 16 };

struct result {
    size_t count;
    size_t bytes;
    int rc;
    bool has_ended;
    bool has_error;
};

static struct mf_schema *schema(void)
{
    static struct mf_schema *schema;
    if (!schema &&
        mf_schema_new(mf_pb_descriptors, mf_pb_descriptors_len, &schema, NULL))
        abort();
    return schema;
}

/* What comes out when the input comes in pieces of `step` bytes. */
static struct result read_all(const uint8_t *data, size_t size, size_t step)
{
    struct result result = {0};
    struct mf_reply reply;
    mf_reply_init(&reply, schema(), MAX_LEN);
    for (size_t at = 0; at < size && result.rc >= 0; at += step) {
        const uint8_t *part = data + at;
        size_t len = size - at < step ? size - at : step;
        struct mf_envelope_message message;
        while ((result.rc =
                    mf_reply_next(&reply, &part, &len, &message, NULL)) == 1) {
            result.count++;
            result.bytes += message.len;
        }
    }
    result.has_ended = reply.has_ended;
    const Connectrpc__Error *error = mf_reply_error(&reply);
    result.has_error = error != NULL;
    if (error && strlen(error->code) + strlen(error->message) > MAX_LEN)
        abort();
    mf_reply_release(&reply);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct result whole = read_all(data, size, size ? size : 1);
    struct result parts = read_all(data, size, 1);
    if (whole.count != parts.count || whole.bytes != parts.bytes ||
        whole.rc != parts.rc || whole.has_ended != parts.has_ended ||
        whole.has_error != parts.has_error)
        abort();
    return 0;
}

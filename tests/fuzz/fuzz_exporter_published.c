#include <stdlib.h>
#include <string.h>

#include "exporter/sender/outgoing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read it all into `out`; false: it was not begun. */
static int convert(const struct mf_spliced *message, size_t step,
                   struct mf_buf *out)
{
    const struct mf_outgoing_rules rules = {
        .published = true, .max_len = 5000, .body_max = 3000};
    struct mf_outgoing outgoing;
    uint8_t bytes[64];
    mf_outgoing_init(&outgoing);
    int rc = mf_outgoing_begin(&outgoing, message, &rules);
    while (!rc && !mf_outgoing_is_idle(&outgoing))
        mf_buf_append(out, bytes, mf_outgoing_read(&outgoing, bytes, step));
    mf_outgoing_release(&outgoing);
    return rc;
}

/* The first two bytes say where a long string is put in. Whatever the message
 * is, it is refused, or comes out within its limit, in any steps. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t body[9000] = {'b'};
    if (size < 2)
        return 0;
    size_t at = (size_t)data[0] << 8 | data[1];
    struct mf_splice splice = {at, body, sizeof body, (void *)body};
    struct mf_spliced message = {data + 2, size - 2, &splice, 1};
    if (at > message.len)
        message.splice_count = 0;
    struct mf_buf one, other;
    mf_buf_init(&one, 1 << 20);
    mf_buf_init(&other, 1 << 20);
    int rc = convert(&message, 64, &one);
    if (convert(&message, 1, &other) != rc || one.len != other.len ||
        (one.len && memcmp(one.data, other.data, one.len) != 0))
        abort();
    if (one.len > 5000 + 5)
        abort();
    mf_buf_release(&one);
    mf_buf_release(&other);
    return 0;
}

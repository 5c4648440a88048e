#include <stdlib.h>

#include "exporter/sender/shrink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first two bytes are the limit; the result never passes it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t max = (size_t)data[0] << 8 | data[1];
    struct mf_buf out;
    mf_buf_init(&out, 1 << 20);
    int rc = mf_shrink(data + 2, size - 2, max, &out);
    if (rc ? out.len != 0 : out.len > max)
        abort();
    mf_buf_release(&out);
    return 0;
}

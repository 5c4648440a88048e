#include <assert.h>
#include <stdlib.h>

#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/check.h"
#include "pb/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copying a message field by field must give a message that reads alike. */
static void copy_fields(const uint8_t *data, size_t size)
{
    struct mf_buf copy;
    mf_buf_init(&copy, 2 * size + 64);
    struct mf_cursor cursor = mf_cursor_make(data, size);
    struct mf_wire_field field;
    size_t count = 0, copied = 0;
    for (; mf_wire_next(&cursor, &field); count++)
        if (mf_wire_put_field(&copy, &field))
            abort();
    cursor = mf_cursor_make(copy.data, copy.len);
    while (mf_wire_next(&cursor, &field))
        copied++;
    if (copied != count)
        abort();
    mf_buf_release(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_err err;
    mf_pb_check(&mitmproxy__v1__export_flow_request__descriptor, data, size,
                &err);
    mf_wire_timestamp_ns(data, size);
    copy_fields(data, size);
    return 0;
}

/* Messages as a disk gives them: they become fields of the answer's type, of
 * the same length, or an error. The first byte is the flow's type. */
#include <stdlib.h>

#include "pb/wire.h"
#include "service/renumber.h"

static void check(enum mf_flow_type type, const struct mf_buf *messages)
{
    static const uint32_t fields[] = {
        [MF_FLOW_HTTP] = 2, [MF_FLOW_TCP] = 3, [MF_FLOW_UDP] = 4};
    struct mf_cursor cursor = mf_cursor_make(messages->data, messages->len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field))
        if (field.number != fields[type] || field.type != MF_WIRE_LEN)
            abort();
    if (cursor.error)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    enum mf_flow_type type = (enum mf_flow_type)data[0];
    struct mf_buf messages;
    mf_buf_init(&messages, SIZE_MAX);
    if (mf_buf_append(&messages, data + 1, size - 1))
        return 0;
    if (!mf_messages_renumber(type, &messages) && messages.len)
        check(type, &messages);
    mf_buf_release(&messages);
    return 0;
}

#include "service/renumber.h"

#include "pb/wire.h"

/* Field numbers of GetMessagesResponse. */
enum {
    WEBSOCKET_MESSAGES = 2,
    TCP_MESSAGES = 3,
    UDP_MESSAGES = 4,
};

int mf_messages_renumber(enum mf_flow_type type, struct mf_buf *messages)
{
    static const struct {
        uint8_t from, to;
    } tags[] = {
        [MF_FLOW_HTTP] = {11 << 3 | MF_WIRE_LEN,
                          WEBSOCKET_MESSAGES << 3 | MF_WIRE_LEN},
        [MF_FLOW_TCP] = {4 << 3 | MF_WIRE_LEN, TCP_MESSAGES << 3 | MF_WIRE_LEN},
        [MF_FLOW_UDP] = {4 << 3 | MF_WIRE_LEN, UDP_MESSAGES << 3 | MF_WIRE_LEN},
    };
    struct mf_cursor cursor = mf_cursor_make(messages->data, messages->len);
    while (!mf_cursor_done(&cursor)) {
        size_t at = messages->len - mf_cursor_left(&cursor);
        if ((size_t)type >= sizeof tags / sizeof *tags || !tags[type].from ||
            mf_cursor_u8(&cursor) != tags[type].from)
            return MF_ECORRUPT;
        messages->data[at] = tags[type].to;
        mf_cursor_bytes(&cursor, mf_cursor_varint(&cursor));
    }
    return cursor.error ? MF_ECORRUPT : 0;
}

#include "exporter/sender/shrink.h"

#include <stdbool.h>

#include "base/cursor.h"
#include "base/error.h"
#include "flow/half_numbers.h"
#include "pb/wire.h"

/* Fields of mitmproxy.v1 that may be cut, and the marks of it. */
enum {
    FLOW = 1, /* of ExportFlowRequest */
    PART = 101,
    PART_FLOW = 2, /* of FlowPart */
    HTTP_FLOW = 1, /* of Flow, and below */
    TCP_FLOW = 3,
    UDP_FLOW = 4,
    REQUEST = 2, /* of HTTPFlow */
    RESPONSE = 3,
    WEBSOCKET_MESSAGES = 11,
    TCP_MESSAGES = 4, /* of TCPFlow and UDPFlow */
};

/* Length prefixes and marks that a cut message may need beside its bytes. */
enum { SLACK_LEN = 256 };

/* How Request and Response number the fields that matter. */
struct body_fields {
    uint32_t content;
    uint32_t truncated;
};
static const struct body_fields REQUEST_FIELDS = {4, 12};
static const struct body_fields RESPONSE_FIELDS = {3, 10};

struct budget {
    size_t body_max;   /* of each body */
    size_t lists_left; /* for all messages of a list together */
};

static int copy_cut_body(struct mf_buf *out, const uint8_t *data, size_t len,
                         const struct body_fields *fields,
                         const struct budget *budget)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    uint64_t size = 0;
    bool is_cut = false;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        if (field.number == MF_HALF_CONTENT_SIZE &&
            field.type == MF_WIRE_VARINT) {
            size = field.value;
            continue;
        }
        if (field.number == fields->truncated)
            continue;
        if ((field.number == fields->content ||
             field.number == MF_HALF_RAW_CONTENT) &&
            field.type == MF_WIRE_LEN && field.len > budget->body_max) {
            if (!size)
                size = field.len;
            is_cut = true;
            field.len = budget->body_max;
        }
        rc = mf_wire_put_field(out, &field);
    }
    if (!rc)
        rc = cursor.error;
    if (!rc && (is_cut || size))
        rc = mf_wire_put_varint(out, fields->truncated, 1);
    return rc ? rc : mf_wire_put_varint_opt(out, MF_HALF_CONTENT_SIZE, size);
}

static int copy_flow(struct mf_buf *out, const uint8_t *data, size_t len,
                     uint32_t type, struct budget *budget)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        bool is_http = type == HTTP_FLOW && field.type == MF_WIRE_LEN;
        if (is_http && (field.number == REQUEST || field.number == RESPONSE)) {
            size_t mark;
            rc = mf_wire_begin(out, field.number, &mark);
            if (!rc)
                rc = copy_cut_body(out, field.data, field.len,
                                   field.number == REQUEST ? &REQUEST_FIELDS
                                                           : &RESPONSE_FIELDS,
                                   budget);
            if (!rc)
                rc = mf_wire_end(out, mark);
            continue;
        }
        bool is_list =
            (is_http && field.number == WEBSOCKET_MESSAGES) ||
            ((type == TCP_FLOW || type == UDP_FLOW) &&
             field.number == TCP_MESSAGES && field.type == MF_WIRE_LEN);
        if (is_list) {
            if (field.len + SLACK_LEN / 16 > budget->lists_left) {
                budget->lists_left = 0;
                continue;
            }
            budget->lists_left -= field.len + SLACK_LEN / 16;
        }
        rc = mf_wire_put_field(out, &field);
    }
    return rc ? rc : cursor.error;
}

/* Field `number`, a mitmproxy.v1.Flow. */
static int copy_whole(struct mf_buf *out, uint32_t number, const uint8_t *data,
                      size_t len, struct budget *budget)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    size_t flow_mark, mark;
    int rc = mf_wire_begin(out, number, &flow_mark);
    while (!rc && mf_wire_next(&cursor, &field)) {
        if (field.number > UDP_FLOW || field.type != MF_WIRE_LEN) {
            rc = mf_wire_put_field(out, &field);
            continue;
        }
        rc = mf_wire_begin(out, field.number, &mark);
        if (!rc)
            rc = copy_flow(out, field.data, field.len, field.number, budget);
        if (!rc)
            rc = mf_wire_end(out, mark);
    }
    if (rc || cursor.error)
        return rc ? rc : cursor.error;
    return mf_wire_end(out, flow_mark);
}

static int copy_part(struct mf_buf *out, const uint8_t *data, size_t len,
                     struct budget *budget)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    size_t mark;
    int rc = mf_wire_begin(out, PART, &mark);
    while (!rc && mf_wire_next(&cursor, &field))
        rc = field.number == PART_FLOW && field.type == MF_WIRE_LEN
                 ? copy_whole(out, PART_FLOW, field.data, field.len, budget)
                 : mf_wire_put_field(out, &field);
    if (rc || cursor.error)
        return rc ? rc : cursor.error;
    return mf_wire_end(out, mark);
}

/* The message with what `budget` leaves of it. */
static int copy_message(struct mf_buf *out, const uint8_t *data, size_t len,
                        struct budget budget)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        if (field.number == FLOW && field.type == MF_WIRE_LEN)
            rc = copy_whole(out, FLOW, field.data, field.len, &budget);
        else if (field.number == PART && field.type == MF_WIRE_LEN)
            rc = copy_part(out, field.data, field.len, &budget);
        else
            rc = mf_wire_put_field(out, &field);
    }
    return rc ? rc : cursor.error;
}

int mf_shrink(const uint8_t *message, size_t len, size_t max,
              struct mf_buf *out)
{
    size_t before = out->len;
    int rc = MF_EFULL;
    /* A share for each body and the list; less until it fits. */
    for (size_t share = max; rc == MF_EFULL; share /= 2) {
        struct budget budget = {share, share};
        rc = copy_message(out, message, len, budget);
        if (!rc && out->len - before > max)
            rc = MF_EFULL;
        if (rc)
            out->len = before;
        if (share == 0)
            break;
    }
    return rc;
}

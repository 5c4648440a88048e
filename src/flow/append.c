#include "flow/append.h"

#include <string.h>

#include "flow/details.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/check.h"

enum { ID_MAX_LEN = 65536 };

/* What stands where in a mitmproxy.v1.FlowAppend and in the flow's own
 * message. */
static const struct {
    uint32_t messages;
    uint32_t error;
    uint32_t duration;
    uint32_t close;
} places[] = {
    [0] = {0},
    [MF_FLOW_HTTP] = {3, 8, 5, 100},
    [MF_FLOW_DNS] = {0},
    [MF_FLOW_TCP] = {4, 7, 6, 0},
    [MF_FLOW_UDP] = {5, 7, 6, 0},
};

/* The type of flow that an event belongs to, of those that grow. */
static enum mf_flow_type type_of_event(uint64_t event)
{
    for (enum mf_flow_type type = MF_FLOW_HTTP; type <= MF_FLOW_UDP; type++)
        if (places[type].messages && mf_flow__ends(type, event))
            return type;
    return 0;
}

static enum mf_flow_type type_of_message(uint32_t field)
{
    for (enum mf_flow_type type = MF_FLOW_HTTP; type <= MF_FLOW_UDP; type++)
        if (places[type].messages == field)
            return type;
    return 0;
}

static int add_message(struct mf_append *append,
                       const struct mf_wire_field *message)
{
    struct mf_cursor cursor = mf_cursor_make(message->data, message->len);
    struct mf_wire_field field;
    size_t len = 0;
    bool from_client = false;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 1)
            len = mf_flow__span(&field).len;
        else if (field.number == 2 && field.type == MF_WIRE_LEN)
            append->last_ns = mf_wire_timestamp_ns(field.data, field.len);
        else if (field.number == 3)
            from_client = field.value != 0;
    }
    append->count++;
    *(from_client ? &append->client_bytes : &append->server_bytes) += len;
    return mf_wire_put_bytes(&append->messages,
                             mf_flow__messages_field(append->type),
                             message->data, message->len);
}

static int add_field(struct mf_append *append, uint32_t number,
                     const struct mf_wire_field *field)
{
    struct mf_wire_field moved = *field;
    moved.number = number;
    return number ? mf_wire_put_field(&append->fields, &moved) : 0;
}

/* 0 unless it is one. */
static double told_duration(const struct mf_wire_field *field)
{
    double duration_ms = mf_wire_double(field);
    return duration_ms > 0 && duration_ms < 1e12 ? duration_ms : 0;
}

/* The fields that are not messages, and the type by which messages come. */
static int read_rest(struct mf_append *append, const struct mf_wire_field *all)
{
    struct mf_cursor cursor = mf_cursor_make(all->data, all->len);
    struct mf_wire_field field;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        enum mf_flow_type type = append->type;
        if (field.number == 1)
            append->flow_id = mf_flow__span(&field);
        else if (field.number == 2)
            append->first_index = field.value;
        else if (field.number == 6)
            rc = add_field(append, places[type].close, &field);
        else if (field.number == 7) {
            append->error = mf_flow__span(&field);
            rc = add_field(append, places[type].error, &field);
        } else if (field.number == 8) {
            field.number = 5; /* FlowMeta.error_at */
            rc = mf_wire_put_field(&append->meta, &field);
        } else if (field.number == 9) {
            append->duration_ms = told_duration(&field);
            rc = add_field(append, places[type].duration, &field);
        }
    }
    return rc;
}

static int read_messages(struct mf_append *append,
                         const struct mf_wire_field *all, struct mf_err *err)
{
    struct mf_cursor cursor = mf_cursor_make(all->data, all->len);
    struct mf_wire_field field;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        enum mf_flow_type type = type_of_message(field.number);
        if (!type)
            continue;
        if (append->count && type != append->type)
            return mf_err_set(err, MF_EINVAL, "append of two types of flow");
        append->type = type;
        rc = add_message(append, &field);
    }
    return rc;
}

static int check(const struct mf_append *append, struct mf_err *err)
{
    if (append->flow_id.len == 0)
        return mf_err_set(err, MF_EINVAL, "append without a flow's id");
    if (append->flow_id.len > ID_MAX_LEN)
        return mf_err_set(err, MF_EINVAL, "flow id of %zu bytes",
                          append->flow_id.len);
    if (append->first_index > UINT64_MAX - append->count)
        return mf_err_set(err, MF_EINVAL, "no such index of a message");
    return 0;
}

int mf_append_from_export(const uint8_t *message, size_t len,
                          struct mf_append *ret_append, struct mf_err *err)
{
    int rc = mf_pb_check(&mitmproxy__v1__export_flow_request__descriptor,
                         message, len, err);
    if (rc)
        return rc;
    struct mf_cursor cursor = mf_cursor_make(message, len);
    struct mf_wire_field field, all = {0};
    uint64_t event = 0;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 100)
            all = field;
        else if (field.number == 2)
            event = field.value;
    }
    if (!all.number)
        return mf_err_set(err, MF_ENOENT, "message without an append");
    struct mf_append append = {
        .flow_id = {"", 0}, .error = {"", 0}, .state = MF_FLOW_LIVE};
    mf_buf_init(&append.messages, SIZE_MAX);
    mf_buf_init(&append.fields, SIZE_MAX);
    mf_buf_init(&append.meta, SIZE_MAX);
    rc = mf_buf_reserve(&append.messages, all.len);
    if (!rc)
        rc = read_messages(&append, &all, err);
    if (!append.count)
        append.type = type_of_event(event);
    if (!rc)
        rc = read_rest(&append, &all);
    if (!rc)
        rc = check(&append, err);
    if (append.type && mf_flow__ends(append.type, event) &&
        event != MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_RESPONSE)
        append.state = MF_FLOW_ENDED;
    if (rc) {
        mf_append_release(&append);
        return rc == MF_ENOMEM ? mf_err_set(err, rc, "out of memory") : rc;
    }
    *ret_append = append;
    return 0;
}

void mf_append_release(struct mf_append *append)
{
    mf_buf_release(&append->messages);
    mf_buf_release(&append->fields);
    mf_buf_release(&append->meta);
}

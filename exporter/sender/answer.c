#include "exporter/sender/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "pb/wire.h"

enum { STATUS_MAX_DIGITS = 4, MISSING = 102 /* of ExportFlowResponse */ };

void mf_answer_init(struct mf_answer *answer)
{
    *answer = (struct mf_answer){.grpc_status = -1};
    mf_buf_init(&answer->data, MF_ANSWER_MAX_LEN);
}

void mf_answer_release(struct mf_answer *answer)
{
    mf_buf_release(&answer->data);
}

static bool name_is(const uint8_t *name, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(name, text, len) == 0;
}

/* A short decimal number; -1: it is none. */
static int read_number(const uint8_t *text, size_t len)
{
    if (len == 0 || len > STATUS_MAX_DIGITS)
        return -1;
    int number = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

static void copy_printable(char *out, size_t cap, const uint8_t *text,
                           size_t len)
{
    size_t n = len < cap - 1 ? len : cap - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = text[i] >= ' ' && text[i] <= '~' ? (char)text[i] : '?';
    out[n] = 0;
}

void mf_answer_header(struct mf_answer *answer, const uint8_t *name,
                      size_t name_len, const uint8_t *value, size_t value_len)
{
    static const char GRPC[] = "application/grpc";
    if (name_is(name, name_len, ":status")) {
        answer->http_status = read_number(value, value_len);
    } else if (name_is(name, name_len, "content-type")) {
        size_t len = sizeof GRPC - 1;
        answer->is_grpc =
            value_len >= len && memcmp(value, GRPC, len) == 0 &&
            (value_len == len || value[len] == '+' || value[len] == ';');
    } else if (name_is(name, name_len, "grpc-status")) {
        int status = read_number(value, value_len);
        answer->grpc_status = status < 0 ? MF_GRPC_UNKNOWN : status;
    } else if (name_is(name, name_len, "grpc-message")) {
        copy_printable(answer->text, sizeof answer->text, value, value_len);
    }
}

void mf_answer_data(struct mf_answer *answer, const uint8_t *data, size_t len)
{
    if (mf_buf_append(&answer->data, data, len))
        answer->is_overlong = true;
}

int mf_answer_message(const struct mf_answer *answer, const uint8_t **ret_data,
                      size_t *ret_len)
{
    if (answer->http_status != 200 || !answer->is_grpc ||
        answer->grpc_status != MF_GRPC_OK)
        return MF_EINVAL;
    if (answer->is_overlong)
        return MF_EFULL;
    struct mf_cursor cursor =
        mf_cursor_make(answer->data.data, answer->data.len);
    uint8_t flags = mf_cursor_u8(&cursor);
    uint32_t len = mf_cursor_be32(&cursor);
    const uint8_t *data = mf_cursor_bytes(&cursor, len);
    if (cursor.error)
        return MF_ETRUNC;
    if (flags & 1)
        return MF_EUNSUPPORTED;
    *ret_data = data;
    *ret_len = len;
    return 0;
}

void mf_answer_describe(const struct mf_answer *answer, char *out, size_t cap)
{
    if (answer->grpc_status > 0)
        snprintf(out, cap, "gRPC status %d%s%s", answer->grpc_status,
                 answer->text[0] ? ": " : "", answer->text);
    else if (answer->http_status > 0 && answer->http_status != 200)
        snprintf(out, cap, "HTTP status %d", answer->http_status);
    else if (answer->http_status > 0 && !answer->is_grpc)
        snprintf(out, cap, "an answer that is not gRPC");
    else
        snprintf(out, cap, "a broken answer");
}

enum { RAW_BODIES = 1, APPENDS, PARTS, CONNECTIONS, LOSSES, FEATURES };

/* ExportFeatures: a bit for each that is set. */
static unsigned read_features(const uint8_t *data, size_t len)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    unsigned features = 0;
    while (mf_wire_next(&cursor, &field))
        if (field.number < FEATURES && field.type == MF_WIRE_VARINT) {
            features &= ~(1U << field.number);
            features |= (unsigned)(field.value != 0) << field.number;
        }
    return features;
}

static void read_hello_response(const uint8_t *data, size_t len,
                                struct mf_hello *hello)
{
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    unsigned features = 0;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == 1 && field.type == MF_WIRE_LEN)
            copy_printable(hello->version, sizeof hello->version, field.data,
                           field.len);
        else if (field.number == 2 && field.type == MF_WIRE_LEN)
            features |= read_features(field.data, field.len);
        else if (field.number == 3 && field.type == MF_WIRE_VARINT)
            hello->max_message_len = field.value;
    }
    if (cursor.error)
        return; /* refused */
    bool is_rich = features & 1U << RAW_BODIES;
    hello->greeting = is_rich ? MF_GREETING_RICH : MF_GREETING_PUBLISHED;
    hello->takes_appends = is_rich && features & 1U << APPENDS;
    hello->takes_parts = is_rich && features & 1U << PARTS;
    hello->takes_connections = is_rich && features & 1U << CONNECTIONS;
    hello->takes_losses = is_rich && features & 1U << LOSSES;
}

static bool is_not_now(int http_status)
{
    return http_status <= 0 || http_status == 401 || http_status == 403 ||
           http_status == 429 || http_status >= 500;
}

void mf_hello_read(const struct mf_answer *answer, struct mf_hello *ret_hello)
{
    struct mf_hello hello = {.greeting = MF_GREETING_REFUSED};
    const uint8_t *data;
    size_t len;
    if (mf_answer_message(answer, &data, &len) == 0)
        read_hello_response(data, len, &hello);
    else if (answer->grpc_status == MF_GRPC_UNIMPLEMENTED)
        hello.greeting = MF_GREETING_PUBLISHED;
    else if (answer->grpc_status < 0 && !is_not_now(answer->http_status) &&
             (answer->http_status != 200 || !answer->is_grpc))
        hello.greeting = MF_GREETING_PUBLISHED;
    *ret_hello = hello;
}

int mf_ack_read(const struct mf_answer *answer, struct mf_ack *ret_ack)
{
    const uint8_t *data;
    size_t len;
    int rc = mf_answer_message(answer, &data, &len);
    if (rc)
        return rc;
    struct mf_ack ack = {.data = data, .len = len};
    struct mf_cursor cursor = mf_cursor_make(data, len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == MISSING && field.type == MF_WIRE_LEN)
            ack.has_missing = true;
        if (field.type != MF_WIRE_VARINT)
            continue;
        if (field.number == 3)
            ack.processed = field.value;
        else if (field.number == 100)
            ack.rejected = field.value;
    }
    if (cursor.error)
        return cursor.error;
    *ret_ack = ack;
    return 0;
}

bool mf_ack_is_missing(const struct mf_ack *ack, const uint8_t *id, size_t len)
{
    struct mf_cursor cursor = mf_cursor_make(ack->data, ack->len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field))
        if (field.number == MISSING && field.type == MF_WIRE_LEN &&
            field.len == len && (len == 0 || memcmp(field.data, id, len) == 0))
            return true;
    return false;
}

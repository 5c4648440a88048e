#include "rpc/protocol.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Content types ---- */

static const struct mf_content_type content_types[] = {
    {"application/proto", MF_PROTOCOL_CONNECT_UNARY, false, false},
    {"application/json", MF_PROTOCOL_CONNECT_UNARY, true, false},
    {"application/connect+proto", MF_PROTOCOL_CONNECT_STREAM, false, false},
    {"application/connect+json", MF_PROTOCOL_CONNECT_STREAM, true, false},
    {"application/grpc", MF_PROTOCOL_GRPC, false, false},
    {"application/grpc+proto", MF_PROTOCOL_GRPC, false, false},
    {"application/grpc+json", MF_PROTOCOL_GRPC, true, false},
    {"application/grpc-web", MF_PROTOCOL_GRPC_WEB, false, false},
    {"application/grpc-web+proto", MF_PROTOCOL_GRPC_WEB, false, false},
    {"application/grpc-web+json", MF_PROTOCOL_GRPC_WEB, true, false},
    {"application/grpc-web-text", MF_PROTOCOL_GRPC_WEB, false, true},
    {"application/grpc-web-text+proto", MF_PROTOCOL_GRPC_WEB, false, true},
};

const struct mf_content_type *mf_content_type_find(const char *header)
{
    if (!header)
        return NULL;
    size_t len = strcspn(header, "; \t");
    for (size_t i = 0; i < sizeof content_types / sizeof *content_types; i++) {
        const struct mf_content_type *type = &content_types[i];
        if (strlen(type->name) == len &&
            strncasecmp(type->name, header, len) == 0)
            return type;
    }
    return NULL;
}

bool mf_content_type_fits(const struct mf_content_type *type,
                          enum mf_method_kind kind)
{
    switch (type->protocol) {
    case MF_PROTOCOL_CONNECT_UNARY:
        return kind == MF_METHOD_UNARY;
    case MF_PROTOCOL_CONNECT_STREAM:
        return kind != MF_METHOD_UNARY;
    default:
        return true;
    }
}

const struct mf_protocol_names *mf_protocol_names(enum mf_protocol protocol)
{
    static const struct mf_protocol_names names[] = {
        [MF_PROTOCOL_CONNECT_UNARY] = {"content-encoding", "accept-encoding",
                                       "connect-timeout-ms"},
        [MF_PROTOCOL_CONNECT_STREAM] = {"connect-content-encoding",
                                        "connect-accept-encoding",
                                        "connect-timeout-ms"},
        [MF_PROTOCOL_GRPC] = {"grpc-encoding", "grpc-accept-encoding",
                              "grpc-timeout"},
        [MF_PROTOCOL_GRPC_WEB] = {"grpc-encoding", "grpc-accept-encoding",
                                  "grpc-timeout"},
    };
    return &names[protocol];
}

/* ---- Statuses ---- */

static const struct {
    const char *word;
    int http;
} statuses[] = {
    [MF_STATUS_OK] = {"ok", 200},
    [MF_STATUS_CANCELED] = {"canceled", 499},
    [MF_STATUS_UNKNOWN] = {"unknown", 500},
    [MF_STATUS_INVALID_ARGUMENT] = {"invalid_argument", 400},
    [MF_STATUS_DEADLINE_EXCEEDED] = {"deadline_exceeded", 504},
    [MF_STATUS_NOT_FOUND] = {"not_found", 404},
    [MF_STATUS_ALREADY_EXISTS] = {"already_exists", 409},
    [MF_STATUS_PERMISSION_DENIED] = {"permission_denied", 403},
    [MF_STATUS_RESOURCE_EXHAUSTED] = {"resource_exhausted", 429},
    [MF_STATUS_FAILED_PRECONDITION] = {"failed_precondition", 400},
    [MF_STATUS_ABORTED] = {"aborted", 409},
    [MF_STATUS_OUT_OF_RANGE] = {"out_of_range", 400},
    [MF_STATUS_UNIMPLEMENTED] = {"unimplemented", 501},
    [MF_STATUS_INTERNAL] = {"internal", 500},
    [MF_STATUS_UNAVAILABLE] = {"unavailable", 503},
    [MF_STATUS_DATA_LOSS] = {"data_loss", 500},
    [MF_STATUS_UNAUTHENTICATED] = {"unauthenticated", 401},
};

const char *mf_status_word(enum mf_status status)
{
    return statuses[status].word;
}

int mf_status_http(enum mf_status status)
{
    return statuses[status].http;
}

/* ---- Time-outs ---- */

/* Digits only; how many, or 0. */
static size_t parse_digits(const char *text, size_t max_len, uint64_t *ret)
{
    uint64_t value = 0;
    size_t len = 0;
    for (; text[len] >= '0' && text[len] <= '9'; len++) {
        if (len == max_len)
            return 0;
        value = value * 10 + (uint64_t)(text[len] - '0');
    }
    *ret = value;
    return len;
}

static int parse_grpc_unit(const char *unit, uint64_t value, uint64_t *ret_ms)
{
    static const struct {
        char unit;
        uint64_t times;
        uint64_t divisor;
    } units[] = {
        {'H', 3600000, 1}, {'M', 60000, 1}, {'S', 1000, 1},
        {'m', 1, 1},       {'u', 1, 1000},  {'n', 1, 1000000},
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (unit[0] != units[i].unit || unit[1] != '\0')
            continue;
        *ret_ms =
            (value * units[i].times + units[i].divisor - 1) / units[i].divisor;
        return 0;
    }
    return MF_EINVAL;
}

int mf_timeout_parse(enum mf_protocol protocol, const char *header,
                     bool *ret_has, uint64_t *ret_ms)
{
    *ret_has = header;
    if (!header)
        return 0;
    bool is_connect = protocol == MF_PROTOCOL_CONNECT_UNARY ||
                      protocol == MF_PROTOCOL_CONNECT_STREAM;
    uint64_t value;
    size_t len = parse_digits(header, is_connect ? 10 : 8, &value);
    if (len == 0)
        return MF_EINVAL;
    if (!is_connect)
        return parse_grpc_unit(header + len, value, ret_ms);
    *ret_ms = value;
    return header[len] ? MF_EINVAL : 0;
}

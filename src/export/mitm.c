/* Names and fields that the writer and the reader share. */
#include "export/mitm.h"

#include <string.h>

#include "export/http_view.h"

const struct mf_mitm_name mf_mitm_transports[] = {
    {"tcp", 1}, {"udp", 2}, {NULL, 0}};

const struct mf_mitm_name mf_mitm_tls_versions[] = {
    {"SSLv3", 1},   {"TLSv1", 2},    {"TLSv1.1", 3}, {"TLSv1.2", 4},
    {"TLSv1.3", 5}, {"DTLSv0.9", 6}, {"DTLSv1", 7},  {"DTLSv1.2", 8},
    {"QUIC", 9},    {"QUICv1", 9},   {NULL, 0},
};

const struct mf_mitm_name mf_mitm_via_protocols[] = {
    {"http", 1}, {"https", 2}, {"http3", 3}, {"tls", 4},  {"dtls", 5},
    {"tcp", 6},  {"udp", 7},   {"dns", 8},   {"quic", 9}, {NULL, 0},
};

const uint8_t mf_mitm_states[4] = {1, 4, 5, 2};

const char *mf_mitm_name_of(const struct mf_mitm_name *names, uint64_t number)
{
    const char *name = NULL;
    for (; names->name; names++)
        if (names->number == number)
            name = names->name;
    return name;
}

uint32_t mf_mitm_number_of(const struct mf_mitm_name *names,
                           struct mf_span name)
{
    for (; names->name; names++)
        if (name.len == strlen(names->name) &&
            memcmp(name.text, names->name, name.len) == 0)
            return names->number;
    return 0;
}

void mf_mitm_read_fields(struct mf_span message,
                         struct mf_mitm_fields *ret_fields)
{
    struct mf_wire_field field;
    struct mf_cursor cursor = mf_cursor_make(message.text, message.len);
    memset(ret_fields, 0, sizeof *ret_fields);
    ret_fields->message = message;
    while (mf_wire_next(&cursor, &field))
        if (field.number < MF_MITM_FIELDS)
            ret_fields->at[field.number] = field;
}

bool mf_mitm_has(const struct mf_mitm_fields *fields, uint32_t number)
{
    return fields->at[number].number != 0;
}

struct mf_span mf_mitm_span(const struct mf_mitm_fields *fields,
                            uint32_t number)
{
    const struct mf_wire_field *field = &fields->at[number];
    return field->number && field->type == MF_WIRE_LEN && field->len
               ? (struct mf_span){(const char *)field->data, field->len}
               : (struct mf_span){"", 0};
}

uint64_t mf_mitm_uint(const struct mf_mitm_fields *fields, uint32_t number)
{
    const struct mf_wire_field *field = &fields->at[number];
    return field->type == MF_WIRE_LEN ? 0 : field->value;
}

bool mf_mitm_seconds(const struct mf_mitm_fields *fields, uint32_t number,
                     double *ret_seconds)
{
    enum { NS_PER_S = 1000000000 };
    if (!mf_mitm_has(fields, number))
        return false;
    struct mf_span span = mf_mitm_span(fields, number);
    int64_t ns = mf_wire_timestamp_ns((const uint8_t *)span.text, span.len);
    *ret_seconds = (double)(ns / NS_PER_S) + (double)(ns % NS_PER_S) / NS_PER_S;
    return true;
}

void mf_mitm_target_of(const struct mf_flow *flow,
                       const struct mf_http_half *request,
                       struct mf_target *ret_target)
{
    enum { PATH = 108, HOST = 109, PORT = 110, SCHEME = 112 };
    struct mf_mitm_fields fields;
    struct mf_http_conn server;
    mf_http_server(flow, &server);
    mf_mitm_read_fields(request->message, &fields);
    mf_target_split(request->method, request->url, server.address_host,
                    server.address_port, ret_target);
    if (mf_mitm_has(&fields, PATH))
        ret_target->path = mf_mitm_span(&fields, PATH);
    if (mf_mitm_has(&fields, HOST)) {
        ret_target->host = mf_mitm_span(&fields, HOST);
        ret_target->port = (uint32_t)mf_mitm_uint(&fields, PORT);
    }
    if (mf_mitm_has(&fields, SCHEME))
        ret_target->scheme = mf_mitm_span(&fields, SCHEME);
}

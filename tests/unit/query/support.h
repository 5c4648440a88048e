/* Flows to match, made by hand. */
#ifndef MF_TESTS_UNIT_QUERY_SUPPORT_H
#define MF_TESTS_UNIT_QUERY_SUPPORT_H

#include "../cmocka.h"

#include <stdio.h>
#include <string.h>

#include "flow/columns.h"
#include "pb/wire.h"
#include "query/filter.h"

/* What a flow of a test is made of; empty fields are left out. */
struct sample {
    enum mf_flow_type type;
    const char *id;
    const char *method;
    const char *url;
    const char *pretty_url;
    const char *content_type;
    const char *second_content_type;
    const char *request_content_type;
    const char *header; /* X-Test of the response */
    bool has_no_response;
    int status;
    const char *client_ip;
    unsigned client_port;
    const char *server_host;
    unsigned server_port;
    const char *message; /* body of the response, or a message's content */
    const char *request_body;
    bool is_streamed; /* the response's body was not kept */
    bool is_websocket;
    const char *question;   /* DNS: of the request */
    const char *dns_answer; /* four bytes of an address */
    const char *error;
    const char *comment;
    const char *marker;
    const char *replayed;
    const char *metadata; /* of key "key" */
    int64_t start_ns;
    double duration_ms;
    /* of the record */
    const char *source;
    const char *note;
    bool pinned;
    enum mf_flow_state state;
};

struct mf_record *record_of(const struct sample *sample);

/* As the store would keep them, with a dictionary that name_of() reads. */
struct mf_columns columns_of(const struct mf_record *record);
struct mf_span name_of(void *user, enum mf_name_kind kind, uint32_t id);
void forget_names(void);

/* Fails the test if the expression is wrong. */
struct mf_filter *filter_of(const char *expression);

/* Whether the flow matches; the judge must not contradict. */
bool finds(const char *expression, const struct sample *sample);
enum mf_filter_verdict judged(const struct mf_filter *filter,
                              const struct mf_record *record);

#endif

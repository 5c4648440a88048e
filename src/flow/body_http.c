#include "flow/body_http.h"

#include "flow/details.h"
#include "flow/kept.h"

/* Steps through header or trailer fields alike. */
struct fields {
    bool are_trailers;
    struct mf_flow_headers headers;
    struct mf_flow_trailers trailers;
};

static struct fields fields_at(const struct mf_flow *flow,
                               enum mf_header_place place)
{
    bool is_request = place == MF_HEADER_REQUEST || place == MF_TRAILER_REQUEST;
    enum mf_half half = is_request ? MF_HALF_REQUEST : MF_HALF_RESPONSE;
    return (struct fields){
        .are_trailers =
            place == MF_TRAILER_REQUEST || place == MF_TRAILER_RESPONSE,
        .headers = mf_flow_headers(flow, half),
        .trailers = mf_flow_trailers(flow, half),
    };
}

static bool next_field(struct fields *fields, struct mf_span *ret_name,
                       struct mf_span *ret_value)
{
    return fields->are_trailers
               ? mf_flow_trailers_next(&fields->trailers, ret_name, ret_value)
               : mf_flow_headers_next(&fields->headers, ret_name, ret_value);
}

static struct mf_span find_header(const void *user, enum mf_header_place place,
                                  const char *name)
{
    struct fields fields = fields_at(user, place);
    struct mf_span key, value;
    while (next_field(&fields, &key, &value))
        if (mf_flow__is_name(key, name))
            return value;
    return MF_SPAN_NONE;
}

static bool each_header(const void *user, enum mf_header_place place,
                        bool (*visit)(void *to, struct mf_span name,
                                      struct mf_span value),
                        void *to)
{
    struct fields fields = fields_at(user, place);
    struct mf_span name, value;
    while (next_field(&fields, &name, &value))
        if (visit(to, name, value))
            return true;
    return false;
}

/* Text that decoders may hand to memchr() and its like. */
static struct mf_span some(struct mf_span span)
{
    return span.text ? span : MF_SPAN_NONE;
}

struct mf_body_http mf_flow_body_http(const struct mf_flow *flow)
{
    const struct mf_flow_facts *facts = mf_flow_facts(flow);
    return (struct mf_body_http){
        .method = some(facts->method),
        .url = some(facts->url),
        .status = facts->status_code,
        .header = find_header,
        .each_header = each_header,
        .user = flow,
    };
}

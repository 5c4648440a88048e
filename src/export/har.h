/* The parts of a HAR entry (HAR 1.2), and what of a flow it has no room for.
 * Private to src/export. */
#ifndef MF_EXPORT_HAR_H
#define MF_EXPORT_HAR_H

#include "export/export.h"
#include "export/http_view.h"
#include "export/json_message.h"

/* Of bodies that are decoded for a HAR. */
#define MF_HAR_BODY_MAX_LEN ((size_t)64 << 20)

/* [{"name", "value"}, ...]; bytes that are not UTF-8 are read as ISO-8859-1,
 * and told in "_nameBase64" and "_valueBase64" as they are. */
void mf_har_put_headers(struct mf_json_out *json, struct mf_http_fields fields);

/* The cookies of a request, or those that a response sets. */
void mf_har_put_cookies(struct mf_json_out *json,
                        const struct mf_http_half *half);

/* The names and values of a URL's query. */
void mf_har_put_query(struct mf_json_out *json, struct mf_span url);

/* "postData" with its name, if the request has a body. */
void mf_har_put_post(struct mf_json_out *json, const struct mf_http_half *half,
                     struct mf_buf *scratch);

/* The value of "content". */
void mf_har_put_content(struct mf_json_out *json,
                        const struct mf_http_half *half,
                        struct mf_buf *scratch);

/* "bodySize", "headersSize". */
void mf_har_put_sizes(struct mf_json_out *json,
                      const struct mf_http_half *half);

/* "time" and "timings" with their names. */
void mf_har_put_timings(struct mf_json_out *json,
                        const struct mf_http_half *request,
                        const struct mf_http_half *response,
                        const struct mf_http_conn *server);

/* "_webSocketMessages" with its name. */
void mf_har_put_messages(struct mf_json_out *json, const struct mf_flow *flow);

/* The date of a cookie (RFC 6265, section 5.1.1); false: it is none. */
bool mf_har_parse_date(struct mf_span text, int64_t *ret_ns);

#endif

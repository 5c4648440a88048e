/* One entry of a HAR file that is read. Private to src/export. */
#ifndef MF_EXPORT_HAR_IN_H
#define MF_EXPORT_HAR_IN_H

#include "export/json_fields.h"

struct mf_har_entry {
    const json_t *json;
    const json_t *request;
    const json_t *response; /* NULL: none */
    const json_t *more;     /* "_mitmflow"; NULL: none */
    struct mf_span own;     /* an HTTPFlow: what that has of it */
    bool is_ours;           /* and it has one */
    struct mf_span url;
    struct mf_span text; /* all of it, as it stands */
    uint64_t ordinal;    /* from 1 */
    int64_t start_ns;    /* 0: not known */
};

/* Append the request or response as field `number` of an HTTPFlow. Errors as
 * mf_json_get_fields(). */
int mf_har_put_half(const struct mf_har_entry *entry, uint32_t number,
                    struct mf_buf *out, struct mf_err *err);

/* Append the body of a form of which only "params" are told. MF_EFULL,
 * MF_ENOMEM. */
int mf_har_put_form(const json_t *body, struct mf_buf *out);

/* Append the WebSocket messages as fields of an HTTPFlow; what failed among
 * them is told by the next one ("": nothing). */
int mf_har_get_messages(const struct mf_har_entry *entry, struct mf_buf *out,
                        struct mf_err *err);
struct mf_span mf_har_websocket_error(const struct mf_har_entry *entry);

/* Append the server, as far as an entry of others tells, as field `number`.
 * MF_EFULL, MF_ENOMEM. */
int mf_har_put_server(const struct mf_har_entry *entry, uint32_t number,
                      struct mf_buf *out);

/* Append a WebSocket's URL with the scheme of HTTP, or any other as it is. */
int mf_har_put_url(const struct mf_har_entry *entry, uint32_t number,
                   struct mf_buf *out);

#endif

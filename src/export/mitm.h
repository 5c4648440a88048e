/*
 * mitmproxy's own dump files (.mitm): one typed netstring a flow. Which
 * version of the format has what is here. Private to src/export.
 *
 *  17  mitmproxy 8.1.1: no UDP, no proxy mode
 *  18  9.0.1: old names in connections
 *  19  connections have their state, as before
 *  20  10.4.2: they have not; QUIC's version of TLS has no number
 *  21  11.0.2, 12.2.3
 */
#ifndef MF_EXPORT_MITM_H
#define MF_EXPORT_MITM_H

#include "base/span.h"
#include "codec/tnetstring.h"
#include "export/certificate.h"
#include "export/export.h"
#include "flow/target.h"
#include "pb/wire.h"

enum {
    MF_MITM_OLDEST_WRITTEN = 17,
    MF_MITM_NEWEST = 21,
    MF_MITM_HAS_UDP = 18,
    MF_MITM_HAS_PROXY_MODE = 18,
    MF_MITM_HAS_NEW_CONNS = 19, /* peername, sockname, transport_protocol */
    MF_MITM_LACKS_STATE = 20,
    MF_MITM_HAS_QUICV1 = 21,
};

/* Numbers of mitmproxy.v1 and what mitmproxy calls them. */
struct mf_mitm_name {
    const char *name;
    uint32_t number;
};
extern const struct mf_mitm_name mf_mitm_transports[];
extern const struct mf_mitm_name mf_mitm_tls_versions[];
extern const struct mf_mitm_name mf_mitm_via_protocols[];
extern const uint8_t mf_mitm_states[4]; /* by mitmproxy's ConnectionState */

/* NULL: there is none of that number. The last of several. */
const char *mf_mitm_name_of(const struct mf_mitm_name *names, uint64_t number);
/* 0: there is none of that name. */
uint32_t mf_mitm_number_of(const struct mf_mitm_name *names,
                           struct mf_span name);

/* The fields of a message, by number; of repeated ones the last. */
enum { MF_MITM_FIELDS = 114 };
struct mf_mitm_fields {
    struct mf_span message;
    struct mf_wire_field at[MF_MITM_FIELDS]; /* number 0: is not there */
};
void mf_mitm_read_fields(struct mf_span message,
                         struct mf_mitm_fields *ret_fields);
bool mf_mitm_has(const struct mf_mitm_fields *fields, uint32_t number);
/* Empty, 0 where it is not there. */
struct mf_span mf_mitm_span(const struct mf_mitm_fields *fields,
                            uint32_t number);
uint64_t mf_mitm_uint(const struct mf_mitm_fields *fields, uint32_t number);
/* False: it is not there. */
bool mf_mitm_seconds(const struct mf_mitm_fields *fields, uint32_t number,
                     double *ret_seconds);

struct mf_http_half;
/* Where a request went, by its URL and what its fields tell beside that. */
void mf_mitm_target_of(const struct mf_flow *flow,
                       const struct mf_http_half *request,
                       struct mf_target *ret_target);

/* ---- parts of the writer ---- */

struct mf_mitm_writer {
    unsigned version;
    struct mf_tnet_out out;
    struct mf_export *to;
    const struct mf_record *record; /* that is being written */
    struct mf_buf scratch;
    struct mf_buf comment; /* `out` may borrow it until the flow is written */
};
void mf_mitm_leave_out(struct mf_mitm_writer *writer, const char *what);
void mf_mitm_put_key(struct mf_mitm_writer *writer, const char *key);
void mf_mitm_put_seconds(struct mf_mitm_writer *writer, const char *key,
                         const struct mf_mitm_fields *fields, uint32_t number);
/* null where it is not there. */
void mf_mitm_put_text(struct mf_mitm_writer *writer, const char *key,
                      const struct mf_mitm_fields *fields, uint32_t number);
void mf_mitm_put_client(struct mf_mitm_writer *writer, struct mf_span conn);
void mf_mitm_put_server(struct mf_mitm_writer *writer, struct mf_span conn);
/* request, response, websocket */
void mf_mitm_put_http(struct mf_mitm_writer *writer, const struct mf_flow *flow,
                      const struct mf_mitm_fields *own);
/* request, response */
void mf_mitm_put_dns(struct mf_mitm_writer *writer,
                     const struct mf_mitm_fields *own);

/* ---- parts of the reader ---- */

/* What is being read, to what it becomes. Errors are sticky. */
struct mf_mitm_reader {
    unsigned version; /* 0.x and 1.0 to 3.0: 0 to 3 */
    struct mf_buf *out;
    struct mf_buf scratch;
    struct mf_certificates certificates;
    double latest; /* moment that is known of the flow, in seconds */
    int error;
};
void mf_mitm_note_time(struct mf_mitm_reader *reader, struct mf_tnet seconds);
void mf_mitm_take_client(struct mf_mitm_reader *reader, uint32_t number,
                         struct mf_tnet conn);
void mf_mitm_take_server(struct mf_mitm_reader *reader, uint32_t number,
                         struct mf_tnet conn);
void mf_mitm_take_http(struct mf_mitm_reader *reader, struct mf_tnet flow,
                       struct mf_tnet websocket);
void mf_mitm_take_dns(struct mf_mitm_reader *reader, struct mf_tnet flow);

/* Any bytes as text: what is not UTF-8 is read as ISO-8859-1. Left out where
 * there is no text. */
void mf_mitm_take_text(struct mf_mitm_reader *reader, uint32_t number,
                       struct mf_tnet text);
void mf_mitm_take_seconds(struct mf_mitm_reader *reader, uint32_t number,
                          struct mf_tnet seconds);
void mf_mitm_take_int(struct mf_mitm_reader *reader, uint32_t number,
                      struct mf_tnet value);
void mf_mitm_take_bool(struct mf_mitm_reader *reader, uint32_t number,
                       struct mf_tnet value);
void mf_mitm_take_span(struct mf_mitm_reader *reader, uint32_t number,
                       struct mf_span bytes);
size_t mf_mitm_begin(struct mf_mitm_reader *reader, uint32_t number);
void mf_mitm_end(struct mf_mitm_reader *reader, size_t mark);

#endif

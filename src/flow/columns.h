/*
 * mf_columns: what the store keeps of each flow in a fixed width, so that a
 * million can be filtered, sorted and counted without reading them.
 *
 * Texts are ids of a dictionary of the store; id 0 means "look at the flow"
 * (the dictionary is bounded, since strangers choose the texts).
 *
 * Units:   times are ns since the Unix epoch, UTC; sizes are bytes.
 */
#ifndef MF_FLOW_COLUMNS_H
#define MF_FLOW_COLUMNS_H

#include "flow/flow.h"

enum mf_name_kind {
    MF_NAME_METHOD,
    MF_NAME_HOST,   /* HTTP: of the pretty URL; DNS: the question's name; else
                       the server's address */
    MF_NAME_CLIENT, /* address without port */
    MF_NAME_SOURCE,
    MF_NAME_CONTENT_TYPE, /* a whole header value, of response or request; none
                             if there are several */
    MF_NAME_KINDS,
};

/* Longer texts have no id. */
enum { MF_NAME_MAX_LEN = 128 };

enum {
    MF_COLUMN_PINNED = 1 << 0,
    MF_COLUMN_NOTE = 1 << 1,
    MF_COLUMN_ERROR = 1 << 2,
    MF_COLUMN_TLS = 1 << 3,
    MF_COLUMN_WEBSOCKET = 1 << 4,
    MF_COLUMN_REQUEST = 1 << 5,  /* an HTTP or DNS request is there */
    MF_COLUMN_RESPONSE = 1 << 6, /* an HTTP or DNS response is there */
    MF_COLUMN_MARKED = 1 << 7,
    MF_COLUMN_COMMENT = 1 << 8,
    MF_COLUMN_METADATA = 1 << 9,
    MF_COLUMN_REPLAYED_REQUEST = 1 << 10,
    MF_COLUMN_REPLAYED_RESPONSE = 1 << 11,
    MF_COLUMN_INTERCEPTED = 1 << 12,
    MF_COLUMN_LOST = 1 << 13, /* cut off, or a body is not whole */
    /* The URL's host and the pretty URL's differ: `host` tells one only. */
    MF_COLUMN_TWO_HOSTS = 1 << 14,
    /* The header is there although its id is 0. */
    MF_COLUMN_RESPONSE_TYPE = 1 << 15,
    MF_COLUMN_REQUEST_TYPE = 1 << 16,
};

struct mf_columns {
    uint64_t number;
    uint64_t change;
    uint32_t flags;
    uint8_t type;  /* enum mf_flow_type; 0: there is no such flow */
    uint8_t state; /* enum mf_flow_state */
    uint16_t status;
    uint16_t client_port;
    uint16_t server_port;
    uint32_t method; /* ids of the dictionary, as the next five */
    uint32_t host;
    uint32_t client;
    uint32_t source;
    uint32_t response_type;
    uint32_t request_type;
    int64_t start_ns;
    double duration_ms;
    uint64_t client_bytes;
    uint64_t server_bytes;
    uint32_t message_count;
};

/* The columns that pages keep (store/column_page.h), in their order there; a
 * bit of a mask each. Only added to. */
enum mf_paged_column {
    MF_PAGED_TYPE, /* enum mf_flow_type, 0: no such flow */
    MF_PAGED_CHANGE,
    MF_PAGED_FLAGS,
    MF_PAGED_STATE,
    MF_PAGED_STATUS,
    MF_PAGED_CLIENT_PORT,
    MF_PAGED_SERVER_PORT,
    MF_PAGED_METHOD,
    MF_PAGED_HOST,
    MF_PAGED_CLIENT,
    MF_PAGED_SOURCE,
    MF_PAGED_RESPONSE_TYPE,
    MF_PAGED_REQUEST_TYPE,
    MF_PAGED_START,
    MF_PAGED_DURATION,
    MF_PAGED_CLIENT_BYTES,
    MF_PAGED_SERVER_BYTES,
    MF_PAGED_MESSAGE_COUNT,
    MF_PAGED_COLUMNS,
};

/* The same as texts, before they have ids. Spans live as long as the flow;
 * an empty one is no text. */
struct mf_column_texts {
    struct mf_span names[MF_NAME_KINDS]; /* but MF_NAME_CONTENT_TYPE */
    struct mf_span response_type;
    struct mf_span request_type;
};

/*
 * Fill in what follows from the snapshot: everything but number, change, the
 * ids, MF_COLUMN_PINNED, MF_COLUMN_NOTE and MF_COLUMN_LOST for a flow that
 * was cut off.
 */
void mf_flow_columns(const struct mf_flow *flow, struct mf_columns *ret_columns,
                     struct mf_column_texts *ret_texts);

#endif

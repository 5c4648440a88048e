/*
 * The messages of a growing flow (WebSocket, TCP, UDP) apart from the flow
 * itself, and back into it.
 *
 * "As fields" is: fields of the flow's own message (HTTPFlow
 * websocket_messages, TCPFlow messages, UDPFlow messages), tags included,
 * one after another.
 *
 * Errors:  0, MF_EFULL or MF_ENOMEM, as mf_buf; MF_ECORRUPT where the bytes
 *          are malformed.
 */
#ifndef MF_FLOW_MESSAGES_H
#define MF_FLOW_MESSAGES_H

#include "flow/flow.h"

/* True for flows that may gain messages: TCP, UDP, and HTTP that became a
 * WebSocket or something else. */
bool mf_flow_may_grow(const struct mf_flow *flow);

/* Bytes of bodies and messages, as a summary tells them. */
struct mf_flow_sizes {
    uint64_t client_bytes;
    uint64_t server_bytes;
};
struct mf_flow_sizes mf_flow_sizes(const struct mf_flow *flow);

/* A digest of messages in their order, taken further one by one; 0: of
 * none. Two lists with the same digest are taken to be the same. */
uint64_t mf_message_digest(uint64_t digest, const uint8_t *message, size_t len);

/* Steps through the messages of a flow. */
struct mf_messages_walk {
    struct mf_span rest; /* of the flow's own message */
    uint32_t number;
    struct mf_span message; /* the one stepped to, without its tag */
};
void mf_messages_walk(const struct mf_flow *flow,
                      struct mf_messages_walk *ret_walk);
/* The same through messages as fields. */
void mf_messages_walk_fields(enum mf_flow_type type, const uint8_t *fields,
                             size_t len, struct mf_messages_walk *ret_walk);
bool mf_messages_next(struct mf_messages_walk *walk);

/* Who sent a message, and how many bytes. */
void mf_message_read(struct mf_span message, bool *ret_from_client,
                     size_t *ret_len);

/* Append one message as a field. */
int mf_message_put(enum mf_flow_type type, struct mf_span message,
                   struct mf_buf *out);

/* Append the snapshot of `flow` with its first `count` messages only. */
int mf_messages_put_head(const struct mf_flow *flow, uint64_t count,
                         struct mf_buf *out);

/* Append a snapshot of the given type with nothing but an id and messages,
 * as fields. */
int mf_messages_put_piece(enum mf_flow_type type, struct mf_span id,
                          const uint8_t *fields, size_t len,
                          struct mf_buf *out);

/* The messages of a snapshot that mf_messages_put_piece() made (or any), as
 * fields, appended. */
int mf_messages_put_fields(const struct mf_flow *flow, struct mf_buf *out);

/*
 * Append `snapshot` with more fields in the flow's own message (messages,
 * say) and in its meta.
 */
int mf_flow_extend(const uint8_t *snapshot, size_t len, const uint8_t *fields,
                   size_t fields_len, const uint8_t *meta, size_t meta_len,
                   struct mf_buf *out);

#endif

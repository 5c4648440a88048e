/* GetMessages: the WebSocket, TCP or UDP messages of one flow, by range, as
 * fast as the viewer reads them. */
#ifndef MF_SERVICE_MESSAGES_H
#define MF_SERVICE_MESSAGES_H

#include "base/buf.h"
#include "rpc/rpc.h"
#include "store/reader.h"

/* Its user pointer is the mf_context. */
extern const struct mf_method mf_messages_methods[];
extern const size_t mf_messages_method_count;

/*
 * Make fields of a GetMessagesResponse, in place, of the messages of a flow of
 * `type` as the store gives them. 0, or MF_ECORRUPT where they are something
 * else.
 */
int mf_messages_renumber(enum mf_flow_type type, struct mf_buf *messages);

#endif

/* Messages of a flow, from the store's numbering to a viewer's. */
#ifndef MF_SERVICE_RENUMBER_H
#define MF_SERVICE_RENUMBER_H

#include "base/buf.h"
#include "flow/flow.h"

/*
 * Make fields of a GetMessagesResponse, in place, of the messages of a flow of
 * `type` as the store gives them. 0, or MF_ECORRUPT where they are something
 * else.
 */
int mf_messages_renumber(enum mf_flow_type type, struct mf_buf *messages);

#endif

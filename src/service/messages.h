/* GetMessages: the WebSocket, TCP or UDP messages of one flow, by range, as
 * fast as the viewer reads them. */
#ifndef MF_SERVICE_MESSAGES_H
#define MF_SERVICE_MESSAGES_H

#include "rpc/rpc.h"

/* Its user pointer is the mf_context. */
extern const struct mf_method mf_messages_methods[];
extern const size_t mf_messages_method_count;

#endif

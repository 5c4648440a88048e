/* Nodes of a view as fields of a mitmflow.v1.DecodeResponse. */
#ifndef MF_SERVICE_NODE_H
#define MF_SERVICE_NODE_H

#include "base/buf.h"
#include "decode/view.h"

/* Longer texts and bytes are cut there, and marked. */
enum { MF_NODE_TEXT_MAX_LEN = 64 << 10, MF_NODE_BYTES_MAX_LEN = 4 << 10 };

/* Append one node as a field `nodes`. 0, MF_EFULL or MF_ENOMEM. */
int mf_node_put(unsigned depth, const struct mf_node *node, struct mf_buf *out);

#endif

/*
 * Cuts a message that is longer than the server keeps: rather a flow with a
 * part of its body, marked, than no flow.
 */
#ifndef MF_EXPORTER_SHRINK_H
#define MF_EXPORTER_SHRINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Append `message` (an ExportFlowRequest) to `out`, cut to at most `max`
 * bytes: bodies of HTTP messages at their ends, marked with
 * content_truncated and content_size; of WebSocket, TCP and UDP messages the
 * last ones are left out, as far as there is no room.
 *
 *  MF_EFULL     more than `max` is left after all that, or out's maximum
 *  MF_ECORRUPT  malformed
 *  MF_ENOMEM
 *
 * After an error `out` is as before.
 */
int mf_shrink(const uint8_t *message, size_t len, size_t max,
              struct mf_buf *out);

#endif

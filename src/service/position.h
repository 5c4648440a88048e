/*
 * mf_position: the cursor of a watch as viewers hold it: opaque to them,
 * "EPOCH.CHANGE" to us. In a new epoch an old one means nothing: a crash may
 * have taken back changes that were told before the disk had them.
 */
#ifndef MF_SERVICE_POSITION_H
#define MF_SERVICE_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "service/context.h"

/* Append it as field `number`. 0, MF_EFULL or MF_ENOMEM. */
int mf_position_put(const struct mf_context *context, uint64_t change,
                    uint32_t number, struct mf_buf *out);

/* True if `text` is one that this server gave and can continue. */
bool mf_position_read(const struct mf_context *context, const char *text,
                      uint64_t *ret_change);

#endif

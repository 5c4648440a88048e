/*
 * What of a flow is not here: a flow is read with its first 64 MiB of
 * messages.
 *
 * Thread:  any.
 */
#ifndef MF_EXPORT_MISSING_H
#define MF_EXPORT_MISSING_H

#include "base/buf.h"
#include "base/span.h"
#include "flow/record.h"

/* How many messages the flow has that its record has not. */
uint64_t mf_export_missing(const struct mf_record *record);

/* `comment`, and if there are such messages also that, made in `scratch`,
 * which is overwritten. 0, MF_EFULL or MF_ENOMEM. */
int mf_export_comment(const struct mf_record *record, struct mf_span comment,
                      struct mf_buf *scratch, struct mf_span *ret_comment);

#endif

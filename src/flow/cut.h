/*
 * mf_cut: takes bytes fields out of a snapshot, and puts them back exactly.
 *
 * What is left is a well-formed mitmproxy.v1.Flow in which those fields are
 * empty. Patches tell how to undo it: they hold the lengths that were
 * changed, so that even a snapshot with odd varints comes back as it was.
 *
 * Bytes in, bytes out; any thread.
 */
#ifndef MF_FLOW_CUT_H
#define MF_FLOW_CUT_H

#include "base/buf.h"
#include "flow/flow.h"

/*
 * Append to `rest` what is left of the snapshot without `cuts`, the bytes of
 * fields inside it, which this puts into order and which must not overlap; to
 * `patches` how to undo it (nothing if there are no cuts); to `taken` what
 * was taken out. A cut that is no field's bytes stays in. A byte that stays
 * moves only by what was taken out before it. 0, MF_EFULL or MF_ENOMEM.
 */
int mf_cut_take(const uint8_t *snapshot, size_t len, struct mf_span *cuts,
                size_t count, struct mf_buf *rest, struct mf_buf *patches,
                struct mf_buf *taken);

/*
 * Append the snapshot to `out`. All bytes may be hostile.
 *  MF_ECORRUPT  they do not belong together
 *  MF_EFULL, MF_ENOMEM
 */
int mf_cut_undo(struct mf_span rest, struct mf_span patches,
                struct mf_span taken, struct mf_buf *out);

#endif

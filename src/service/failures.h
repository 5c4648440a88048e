/*
 * mf_failures: connections that failed, as flows of their own, so that lists
 * show them.
 *
 * Most connections to servers are made for a flow, and then the flow tells of
 * the failure, a moment after the connection: as its error, or, for CONNECT,
 * by status 502. Two rows would be one too many, so the failure's own goes
 * again when a flow comes that tells of it: one of the same client connection
 * that has an error, with the same server or the same words. Failures with a
 * client stay: no flow tells of them.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_FAILURES_H
#define MF_SERVICE_FAILURES_H

#include "flow/connection.h"
#include "store/store.h"

struct mf_context;
struct mf_failures;

struct mf_failures *mf_failures_new(void);           /* NULL: out of memory */
void mf_failures_free(struct mf_failures *failures); /* NULL is allowed */

/* Put the failure as a flow, unless a flow was seen that tells of it. Errors
 * as mf_store_put(), told in `err`. */
int mf_failures_take(struct mf_context *context, const char *source,
                     const struct mf_connection *connection,
                     uint64_t *ret_ticket, struct mf_err *err);

/* Look at what has changed for flows that tell of a failure. */
void mf_failures_see(struct mf_context *context,
                     const struct mf_change *changes, size_t count);

#endif

/*
 * mf_failures: connections that failed, as flows of their own, so that lists
 * show them.
 *
 * Most connections to servers are made for a flow, and then the flow tells of
 * the failure, a moment after the connection: as its error, or, for CONNECT,
 * by status 502. A row of its own would be one too many, so failures with
 * servers wait for MF_FAILURE_WAIT_MS; no row is made if a flow comes meanwhile
 * that tells of it: one of the same client connection that has an error, with
 * the same server or the same words. Of failures with clients no flow tells.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_FAILURES_H
#define MF_SERVICE_FAILURES_H

#include "flow/connection.h"
#include "store/store.h"

struct mf_context;
struct mf_failures;

enum { MF_FAILURE_WAIT_MS = 2000 };

/* NULL: out of memory. The context's loop is there, its store may come later.
 */
struct mf_failures *mf_failures_new(struct mf_context *context);
void mf_failures_free(struct mf_failures *failures); /* NULL is allowed */

/*
 * Put the failure as a flow, with *ret_ticket, or later, if no flow tells of it
 * (then *ret_ticket stays as it is, and a server that dies meanwhile knows of
 * the failure only what it keeps of the connection). Errors as
 * mf_store_put(), told in `err`.
 */
int mf_failures_take(struct mf_failures *failures, const char *source,
                     const struct mf_connection *connection,
                     uint64_t *ret_ticket, struct mf_err *err);

/* Look at what has changed for flows that tell of a failure. */
void mf_failures_see(struct mf_failures *failures,
                     const struct mf_change *changes, size_t count);

/* Put all that wait: the store is about to close. */
void mf_failures_flush(struct mf_failures *failures);

#endif

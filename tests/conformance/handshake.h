/*
 * What the judge and a server say to each other before the first call: one
 * message by stdin, one by stdout, each behind its length in four bytes, the
 * highest first.
 *
 * Errors:  0 or a negative MF_E*; ret_* is written only on 0.
 */
#ifndef CONFORMANCE_HANDSHAKE_H
#define CONFORMANCE_HANDSHAKE_H

#include "base/error.h"
#include "messages.h"

/*
 * Read what the server must be able to do; blocks. *ret_request is freed by
 * handshake_request_free().
 *
 *  MF_ETRUNC    `fd` ended in mid-message
 *  MF_ECORRUPT  not the message, or absurdly long
 *  MF_EIO, MF_ENOMEM
 */
int handshake_read(int fd, compat_request **ret_request, struct mf_err *err);
void handshake_request_free(compat_request *request); /* NULL is allowed */

/* Tell where the server listens. MF_EIO, MF_ENOMEM. */
int handshake_write(int fd, const compat_response *response,
                    struct mf_err *err);

#endif

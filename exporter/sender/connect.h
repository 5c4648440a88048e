/*
 * mf_connect: a TCP connection to a name's addresses, one after the other,
 * without blocking but for the name's lookup.
 */
#ifndef MF_EXPORTER_CONNECT_H
#define MF_EXPORTER_CONNECT_H

#include <stdint.h>

#include "base/error.h"
#include "exporter/sender/address.h"

struct addrinfo;

struct mf_connect {
    struct addrinfo *all, *at;
    int fd;           /* being connected; -1: none */
    int64_t until_ns; /* when to give it up; monotonic */
};

/*
 * Look the name up. 0 or MF_EIO with `err`; release it in either case.
 */
int mf_connect_begin(struct mf_connect *attempt,
                     const struct mf_address *address, struct mf_err *err);

/*
 * Go on. 0: *ret_fd is connected, the caller's, non-blocking. MF_EBUSY: call
 * again when attempt->fd is writable or at attempt->until_ns. MF_EIO: none
 * of the addresses took it.
 */
int mf_connect_next(struct mf_connect *attempt, int *ret_fd,
                    struct mf_err *err);

void mf_connect_release(struct mf_connect *attempt);

#endif

/*
 * mf_connect: a TCP connection to a name's addresses, one after the other,
 * without blocking. A name is looked up by a thread of its own, because that
 * can take as long as a name server likes; an address in numbers needs none.
 */
#ifndef MF_EXPORTER_CONNECT_H
#define MF_EXPORTER_CONNECT_H

#include <stdint.h>

#include "base/error.h"
#include "exporter/sender/address.h"

struct addrinfo;
struct mf_lookup;

struct mf_connect {
    struct mf_lookup *lookup; /* under way; else NULL */
    struct addrinfo *all, *at;
    int fd; /* to wait for; -1: nothing */
    short events;
    int64_t until_ns; /* when to give it up; monotonic */
};

/*
 * Begin. 0 or MF_EIO with `err`, in words for a log line; release it in
 * either case.
 */
int mf_connect_begin(struct mf_connect *attempt,
                     const struct mf_address *address, struct mf_err *err);

/*
 * Go on. 0: *ret_fd is connected, the caller's, non-blocking. MF_EBUSY: call
 * again when attempt->fd has attempt->events or at attempt->until_ns. MF_EIO:
 * the name has no address, or none of them took it; `err` says why.
 */
int mf_connect_next(struct mf_connect *attempt, int *ret_fd,
                    struct mf_err *err);

/* A lookup that is under way ends by itself, later. */
void mf_connect_release(struct mf_connect *attempt);

#endif

/*
 * mf_lookup: one lookup of a host name, by a thread of its own that nobody
 * has to wait for.
 *
 * Thread:  the one that began it.
 */
#ifndef MF_EXPORTER_LOOKUP_H
#define MF_EXPORTER_LOOKUP_H

#include "base/error.h"
#include "exporter/sender/address.h"

struct addrinfo;
struct mf_lookup;

/* MF_EIO or MF_ENOMEM: it cannot be begun. */
int mf_lookup_begin(const struct mf_address *address,
                    struct mf_lookup **ret_lookup, struct mf_err *err);

/* Readable once it is done; the lookup's. */
int mf_lookup_fd(const struct mf_lookup *lookup);

/*
 * 0: *ret_found is the caller's, for freeaddrinfo(). MF_EBUSY: it is not
 * done. MF_EIO: there is no such name; `err` says why.
 */
int mf_lookup_take(struct mf_lookup *lookup, struct addrinfo **ret_found,
                   struct mf_err *err);

/* Done or not; NULL is allowed. */
void mf_lookup_free(struct mf_lookup *lookup);

#endif

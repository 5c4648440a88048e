/*
 * What updates, deletions and cut-offs are about: found in the database and
 * in the front, changed in the front.
 *
 * Thread:  the writer's, while no version is taken.
 */
#ifndef MF_STORE_RESOLVE_H
#define MF_STORE_RESOLVE_H

#include "store/internal.h"

struct mf_resolver;

int mf_resolver_new(struct mf_store *store, struct mf_resolver **ret_resolver,
                    struct mf_err *err);
void mf_resolver_free(struct mf_resolver *resolver); /* NULL is allowed */

/*
 * Go on with `op`, some flows at a time. 1: it is resolved, its rc, count
 * and record say how. 0: commit, then go on. MF_ENOMEM: try again later.
 */
int mf_resolver_run(struct mf_resolver *resolver, struct mf_op *op);

#endif

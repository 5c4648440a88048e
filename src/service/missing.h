/* mf_missing: ids of flows that an exporter must send whole, each once, in
 * order of their finding. */
#ifndef MF_SERVICE_MISSING_H
#define MF_SERVICE_MISSING_H

#include "base/buf.h"
#include "flow/flow.h"

enum { MF_MISSING_MAX = 4096 };
#define MF_MISSING_MAX_LEN ((size_t)1 << 20) /* of all together */

struct mf_missing; /* NULL: none yet */

/*
 * Note `id`; *missing is made when it is NULL.
 *  MF_EFULL  there are too many already; this one is not noted
 *  MF_ENOMEM
 */
int mf_missing_add(struct mf_missing **missing, struct mf_span id);

/* Append them as repeated field `number`. 0, MF_EFULL or MF_ENOMEM. */
int mf_missing_put(const struct mf_missing *missing, uint32_t number,
                   struct mf_buf *out);

void mf_missing_free(struct mf_missing *missing); /* NULL is allowed */

#endif

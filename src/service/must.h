/* What the server cannot go on without. Private to src/service. */
#ifndef MF_SERVICE_MUST_H
#define MF_SERVICE_MUST_H

#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"

/*
 * End the process unless `ok`. For memory that is needed to hand something
 * to the loop: changes must reach viewers without a gap, acknowledgements
 * and ends of jobs must come.
 */
static inline void mf_must(bool ok)
{
    if (ok)
        return;
    mf_log(MF_LOG_ERROR, "out of memory");
    abort();
}

#endif

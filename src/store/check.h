/*
 * mf_check: is everything in a data directory as it should be? Also beside a
 * server: it looks at one committed state.
 *
 * Reads only. Units: bytes.
 */
#ifndef MF_STORE_CHECK_H
#define MF_STORE_CHECK_H

#include <stdint.h>

#include "base/error.h"

struct mf_check_sum {
    uint64_t faults;
    uint64_t flows;
    uint64_t blocks;
    uint64_t frames;
    uint64_t older_frames; /* whose signatures are of an earlier version, and
                              are not looked at */
};

/*
 * Look at everything in `dir`: SQLite's own structure, every frame's
 * checksums, that rows and frames name each other, that summaries, columns,
 * signatures, keys and counters agree with what they were made from. Each
 * fault is told by a line of text, which holds no captured bytes. Finding
 * some is no error.
 *
 *  as mf_store__open_beside(), and MF_ENOMEM or MF_EBUSY
 */
int mf_check(const char *dir, void (*on_fault)(void *user, const char *line),
             void *user, struct mf_check_sum *ret_sum, struct mf_err *err);

#endif

/*
 * mf_backup: a copy of a data directory's flows in one file, which is a
 * flows.db itself.
 */
#ifndef MF_STORE_BACKUP_H
#define MF_STORE_BACKUP_H

#include <stdint.h>

#include "base/error.h"

struct mf_backup_sum {
    uint64_t flow_count;
    uint64_t bytes; /* of the file */
};

/*
 * Copy what is committed in `dir` at one moment into `file` (mode 0600), also
 * while a server writes there. The copy has an epoch of its own. It appears
 * under its name when it is whole and on the disk.
 *
 *  MF_EINVAL  `file` is there already
 *  as mf_store__open_beside()
 */
int mf_backup(const char *dir, const char *file, struct mf_backup_sum *ret_sum,
              struct mf_err *err);

#endif

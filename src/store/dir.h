/* The data directory: made, locked, private to the user. */
#ifndef MF_STORE_DIR_H
#define MF_STORE_DIR_H

#include "base/error.h"

struct mf_store__dir {
    int lock_fd; /* holds the lock; -1: none */
    char *path;  /* of flows.db; owned */
};

/*
 * Make `dir` (mode 0700) unless it is there, take its lock, and make sure of
 * an own flows.db of mode 0600, which may be empty.
 *
 *  MF_EBUSY   another process has the lock
 *  MF_EACCES  cannot be made or used; symbolic links are not followed
 *  MF_ENOMEM
 */
int mf_store__dir_open(const char *dir, struct mf_store__dir *ret_dir,
                       struct mf_err *err);

/* Let go of the lock; a zeroed or failed one must not be closed. */
void mf_store__dir_close(struct mf_store__dir *dir);

#endif

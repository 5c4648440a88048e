/*
 * mf_spool_folder: the folder that several spools share, and whose each
 * segment in it is.
 *
 * An owner is one open spool: a random number and a file OWNER.lock on which
 * it holds a lock (flock(), so that two spools in one process keep apart too).
 * Its segments are STAMP-OWNER.seg; stamps grow, so that names tell their
 * order. An owner whose lock can be taken is gone: what it has left gets a new
 * owner's name.
 *
 * Thread:  the spool's.
 */
#ifndef MF_EXPORTER_SPOOL_FOLDER_H
#define MF_EXPORTER_SPOOL_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mf_spool_folder {
    int fd;
    int lock_fd;
    uint64_t owner;
};

/* Open `dir`, made if need be, as a new owner. MF_EIO, MF_EACCES, MF_ENOMEM
 * with `err`. */
int mf_spool__folder_open(struct mf_spool_folder *folder, const char *dir,
                          struct mf_err *err);

/* The lock goes; segments stay for others to adopt. */
void mf_spool__folder_close(struct mf_spool_folder *folder);

/*
 * Make the segments of owners that are gone this owner's. Their stamps, oldest
 * first, are in *ret_stamps: the caller's, to be freed; NULL if there are
 * none. MF_EIO with `err`, MF_ENOMEM.
 */
int mf_spool__folder_adopt(struct mf_spool_folder *folder,
                           uint64_t **ret_stamps, size_t *ret_count,
                           struct mf_err *err);

/* Make or open a segment of this owner: a descriptor, or -1 with errno. */
int mf_spool__folder_create(const struct mf_spool_folder *folder,
                            uint64_t stamp);
int mf_spool__folder_reopen(const struct mf_spool_folder *folder,
                            uint64_t stamp);
void mf_spool__folder_remove(const struct mf_spool_folder *folder,
                             uint64_t stamp);

/* See mf_spool_remember(). */
void mf_spool__folder_remember(const struct mf_spool_folder *folder,
                               uint64_t number);
uint64_t mf_spool__folder_remembered(const struct mf_spool_folder *folder);

/* A number that others cannot guess. */
uint64_t mf_spool__random(void);

#endif

/*
 * A layer over SQLite's files for tests: makes calls fail, and remembers what
 * was written and not synced, so that a power cut can take it back.
 *
 * A sector that was not synced is afterwards as it was before any of the
 * writes to it, or after: no order among them is kept.
 *
 * Thread:  any, but for install and lose.
 */
#ifndef MF_TESTS_UNIT_STORE_FAULT_VFS_H
#define MF_TESTS_UNIT_STORE_FAULT_VFS_H

#include <stdbool.h>

/* Every database that is opened from now on goes through here. */
void fault_vfs_install(void);

enum fault {
    FAULT_NONE,
    FAULT_ONCE,  /* the call fails, the next one works */
    FAULT_LASTS, /* so do all writes and syncs after it */
    FAULT_FULL,  /* as FAULT_LASTS, as if the disk were full */
    FAULT_CUT,   /* the power is off: nothing reaches the disk any more */
};

/* The `nth` (from 1) call that touches the disk from now on has `fault`. */
void fault_vfs_plan(long nth, enum fault fault);

/* Calls since then, and whether it has come. */
long fault_vfs_calls(void);
bool fault_vfs_has_struck(void);

/* Everything works again; what was not synced stays unsynced. */
void fault_vfs_heal(void);

/* With all files closed: take back what was not synced, as `seed` chooses. */
void fault_vfs_lose(unsigned seed);

#endif

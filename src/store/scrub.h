/*
 * mf_scrub: overwrites what SQLite leaves of deleted rows in the unused
 * middle of its pages.
 *
 * With secure_delete SQLite overwrites a row where it is deleted, but not the
 * copies that stay behind when the rows of a full page are spread over
 * others. Such a copy lies between a page's table of cells and its first
 * cell: bytes that mean nothing to SQLite, whoever reads the page meanwhile.
 *
 * Thread:  the one that runs checkpoints, so that nobody else writes to the
 *          file of the database.
 */
#ifndef MF_STORE_SCRUB_H
#define MF_STORE_SCRUB_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Overwrite with zeros what is left over in the file of the database that
 * `db` has open, and see to it that the disk has it. *ret_count: pages that
 * had something. What is in the write-ahead log, or in the memory of a
 * connection that writes, may bring it back.
 */
int mf_scrub(sqlite3 *db, uint64_t *ret_count, struct mf_err *err);

#endif

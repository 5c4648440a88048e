/*
 * mf_names: the texts of table `name` in memory, once for the writer and all
 * readers of a store. Only grows; a text, once there, never moves.
 *
 * Thread:  any. The writer alone adds; mf_names_text() takes no lock.
 */
#ifndef MF_STORE_NAMES_H
#define MF_STORE_NAMES_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/error.h"
#include "flow/columns.h"

/* Ids of a kind: 1 to this. */
enum { MF_NAMES_MAX = 65535 };

struct mf_names;

struct mf_names *mf_names_new(void); /* NULL: out of memory */
void mf_names_free(struct mf_names *names);

/* Read the table. Rows that cannot be right are left out. MF_ENOMEM, MF_EIO,
 * MF_ECORRUPT. */
int mf_names_load(struct mf_names *names, sqlite3 *db, struct mf_err *err);

/*
 * The id of `text`, which gets the next free one if it is new (*ret_is_new:
 * the caller makes its row, in the commit that first uses it or an earlier
 * one). 0 for empty or too long a text, and for a new one when its kind is
 * full or memory is out.
 */
uint32_t mf_names_id(struct mf_names *names, enum mf_name_kind kind,
                     struct mf_span text, bool *ret_is_new);

/* No flow has this id any more: its text gets a new one if it comes again.
 * What was borrowed of it stays good. */
void mf_names_forget(struct mf_names *names, enum mf_name_kind kind,
                     uint32_t id);

/* The text of `id`: NUL-terminated, borrowed for the life of `names`. Empty
 * for 0 and for an id that is not there. */
struct mf_span mf_names_text(const struct mf_names *names,
                             enum mf_name_kind kind, uint32_t id);

/* The greatest id of `kind`. */
uint32_t mf_names_count(const struct mf_names *names, enum mf_name_kind kind);

#endif

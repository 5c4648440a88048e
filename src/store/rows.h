/*
 * mf_rows: the flows that one batch touches, each in memory once, loaded
 * from the database when it is first asked for.
 *
 * Reads only, but for mf_rows_set_state(). Rows live until mf_rows_clear().
 */
#ifndef MF_STORE_ROWS_H
#define MF_STORE_ROWS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct mf_store__row {
    struct mf_store__row *older; /* another of this batch with the same id */
    uint64_t number;
    uint64_t change;
    uint8_t *id; /* owned, as source, session, note and derived */
    size_t id_len;
    char *source;
    char *session;
    char *note;
    enum mf_flow_type type;
    enum mf_flow_state state;
    int64_t start_ns;
    bool pinned;
    bool is_new;     /* not in the database yet */
    bool was_pinned; /* in the database */
    bool is_deleted;
    bool is_dirty;
    bool is_asked_for;    /* someone waits for its record */
    struct mf_flow *flow; /* borrowed from the write that put it, or NULL */
    uint8_t *derived;
    size_t derived_len;
    struct mf_record *record; /* owned */
};

struct mf_rows;

int mf_rows_new(sqlite3 *db, struct mf_rows **ret_rows, struct mf_err *err);
void mf_rows_free(struct mf_rows *rows); /* NULL is allowed */

/* Forget every row. */
void mf_rows_clear(struct mf_rows *rows);

/* Row `index` in the order in which they were touched, or NULL. */
struct mf_store__row *mf_rows_at(const struct mf_rows *rows, size_t index);

/*
 * Find a row that is not deleted. MF_ENOENT, MF_ENOMEM, MF_EIO. By key it
 * has this source and id; by ref this number, or else the greatest number
 * among those with the id.
 */
int mf_rows_by_key(struct mf_rows *rows, const char *source, struct mf_span id,
                   struct mf_store__row **ret_row, struct mf_err *err);
int mf_rows_by_ref(struct mf_rows *rows, const struct mf_flow_ref *ref,
                   struct mf_store__row **ret_row, struct mf_err *err);

/* A new row, not in the database yet; its key must not be taken. */
int mf_rows_add(struct mf_rows *rows, uint64_t number, const char *source,
                struct mf_span id, struct mf_store__row **ret_row,
                struct mf_err *err);

/* Replace one of a row's texts. 0 or MF_ENOMEM. */
int mf_rows_set_text(char **text, const char *value);

/* Set the derived summary from the row's flow. 0, MF_EFULL or MF_ENOMEM. */
int mf_rows_derive(struct mf_store__row *row);

void mf_rows_mark_deleted(struct mf_store__row *row);

/* Load flows that the database says are live in `session`: at most `limit`,
 * and with snapshots of not much over `bytes` in all. *ret_is_all tells
 * whether that is every one. */
int mf_rows_load_live(struct mf_rows *rows, const char *session, size_t limit,
                      size_t bytes, bool *ret_is_all, struct mf_err *err);

/* Mark the oldest `limit` flows in the database that are not pinned, there
 * or here, as deleted; *ret_count tells how many. */
int mf_rows_mark_oldest_deleted(struct mf_rows *rows, size_t limit,
                                size_t *ret_count, struct mf_err *err);

/* Numbers in the database (all are in order); *ret_numbers is freed with
 * free(). */
int mf_rows_all_numbers(struct mf_rows *rows, uint64_t **ret_numbers,
                        size_t *ret_count, struct mf_err *err);
int mf_rows_live_numbers(struct mf_rows *rows, uint64_t **ret_numbers,
                         size_t *ret_count, struct mf_err *err);

/* Write the state of one flow straight to the database. */
int mf_rows_set_state(struct mf_rows *rows, uint64_t number,
                      enum mf_flow_state state, uint64_t change,
                      struct mf_err *err);

#endif

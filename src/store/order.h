/*
 * mf_order: flows in the order of a column, and the cursor that says where
 * in it a page ended.
 */
#ifndef MF_STORE_ORDER_H
#define MF_STORE_ORDER_H

#include "store/names.h"
#include "store/reader.h"

struct mf_order {
    enum mf_sort_key key;
    bool ascending;
    const struct mf_names *names;
};

/* A flow's place. `bits` decide, then the text, then the number. */
struct mf_place {
    uint64_t bits;
    uint64_t number;
    const char *text; /* borrowed from the names, or from a cursor */
    size_t len;
};

/* A text that has no id (columns.h) counts as empty. */
void mf_order_place(const struct mf_order *order,
                    const struct mf_columns *columns,
                    struct mf_place *ret_place);

/* True if `a` comes before `b` in a page. */
bool mf_order_before(const struct mf_order *order, const struct mf_place *a,
                     const struct mf_place *b);

/* The columns that a place needs, as for mf_column_page_rows(). */
uint32_t mf_order_columns(const struct mf_order *order);

/* Room for a cursor. */
enum { MF_CURSOR_CAP = 64 + 2 * MF_NAME_MAX_LEN };

void mf_order_put_cursor(const struct mf_order *order,
                         const struct mf_place *last, char *cursor);

/* The place that a cursor of the same order tells. `text` (of
 * MF_NAME_MAX_LEN bytes) takes its text. False: it is not one. */
bool mf_order_get_cursor(const struct mf_order *order, const char *cursor,
                         char *text, struct mf_place *ret_place);

#endif

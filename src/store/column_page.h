/*
 * mf_column_page: the columns of 1,024 flows with numbers in a row, column by
 * column. Bytes in, bytes out, no database.
 */
#ifndef MF_STORE_COLUMN_PAGE_H
#define MF_STORE_COLUMN_PAGE_H

#include "base/buf.h"
#include "base/error.h"
#include "flow/columns.h"

enum { MF_COLUMN_PAGE_ROWS = 1024 };

/* `rows` has MF_COLUMN_PAGE_ROWS items; type 0: no such flow. Appends the
 * page. 0, MF_EFULL or MF_ENOMEM. */
int mf_column_page_put(const struct mf_columns *rows, struct mf_buf *out);

/* A page opened for reading: borrows its bytes. MF_ECORRUPT. */
struct mf_column_page {
    const uint8_t *data;
    size_t len;
    uint64_t first; /* number of the first row */
};
int mf_column_page_open(const void *data, size_t len, uint64_t page,
                        struct mf_column_page *ret_page);

/* Row `at` of the page. */
void mf_column_page_row(const struct mf_column_page *page, unsigned at,
                        struct mf_columns *ret_columns);

/* One column of row `at` only, for scans that need no more. */
uint8_t mf_column_page_type(const struct mf_column_page *page, unsigned at);
uint64_t mf_column_page_change(const struct mf_column_page *page, unsigned at);

#endif

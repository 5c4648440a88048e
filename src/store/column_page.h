/*
 * mf_column_page: the columns of 1,024 flows with numbers in a row, column by
 * column. Bytes in, bytes out, no database.
 *
 * A page is a version, the table of its columns (width, least and greatest
 * value), then for each column its values less the least one, each in that
 * many bytes, little-endian.
 */
#ifndef MF_STORE_COLUMN_PAGE_H
#define MF_STORE_COLUMN_PAGE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "flow/columns.h"

enum { MF_COLUMN_PAGE_ROWS = 1024 };

/* The head of a page, enough for mf_column_page_changes(). */
enum { MF_COLUMN_PAGE_HEAD_LEN = 1 + MF_PAGED_COLUMNS * 17 };

/* `rows` has MF_COLUMN_PAGE_ROWS items; type 0: no such flow. Appends the
 * page. 0, MF_EFULL or MF_ENOMEM. */
int mf_column_page_put(const struct mf_columns *rows, struct mf_buf *out);

/* A page opened for reading: borrows its bytes. MF_ECORRUPT. */
struct mf_column_page {
    uint64_t first; /* number of the first row */
    struct mf_column_values {
        const uint8_t *data; /* 8 bytes can be read at each value */
        uint64_t base;
        uint64_t mask;
        size_t width;
    } columns[MF_PAGED_COLUMNS];
};
int mf_column_page_open(const void *data, size_t len, uint64_t page,
                        struct mf_column_page *ret_page);

/* Row `at` of the page. */
void mf_column_page_row(const struct mf_column_page *page, unsigned at,
                        struct mf_columns *ret_columns);

/* Rows `at` to at + count - 1: number and type, and of the other columns
 * those in the mask `wanted`; what is not wanted is left alone in `rows`. */
void mf_column_page_rows(const struct mf_column_page *page, unsigned at,
                         unsigned count, uint32_t wanted,
                         struct mf_columns *rows);

/* One column of row `at` only, for scans that need no more. */
uint8_t mf_column_page_type(const struct mf_column_page *page, unsigned at);
uint64_t mf_column_page_change(const struct mf_column_page *page, unsigned at);

/* True if each row of the page with this head is a flow. */
bool mf_column_page_is_full(const void *head, size_t len);

/* The least and the greatest change in the page whose first
 * MF_COLUMN_PAGE_HEAD_LEN bytes are `head`; both 0 when it has no flows.
 * MF_ECORRUPT. */
int mf_column_page_changes(const void *head, size_t len, uint64_t *ret_first,
                           uint64_t *ret_last);

#endif

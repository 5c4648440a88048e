/* Pages from a disk that lies are refused or read within their bytes; what
 * was read makes a page that reads the same. */
#include <stdlib.h>
#include <string.h>

#include "store/column_page.h"

static void check_again(const struct mf_columns *rows)
{
    static struct mf_columns again[MF_COLUMN_PAGE_ROWS];
    struct mf_column_page page;
    struct mf_buf buf;
    mf_buf_init(&buf, SIZE_MAX);
    if (mf_column_page_put(rows, &buf) ||
        mf_column_page_open(buf.data, buf.len, rows[0].number / 1024, &page))
        abort();
    memset(again, 0, sizeof again);
    mf_column_page_rows(&page, 0, MF_COLUMN_PAGE_ROWS, UINT32_MAX, again);
    for (size_t i = 0; i < MF_COLUMN_PAGE_ROWS; i++)
        if (again[i].number != rows[i].number ||
            again[i].type != rows[i].type ||
            (rows[i].type && memcmp(&again[i], &rows[i], sizeof *rows) != 0))
            abort();
    mf_buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mf_columns rows[MF_COLUMN_PAGE_ROWS];
    struct mf_column_page page;
    uint64_t first, last;
    mf_column_page_changes(data, size, &first, &last);
    if (mf_column_page_open(data, size, 5, &page))
        return 0;
    memset(rows, 0, sizeof rows);
    mf_column_page_rows(&page, 0, MF_COLUMN_PAGE_ROWS, UINT32_MAX, rows);
    for (unsigned i = 0; i < MF_COLUMN_PAGE_ROWS; i++)
        if (mf_column_page_type(&page, i) != rows[i].type ||
            rows[i].type > MF_FLOW_UDP)
            abort();
    check_again(rows);
    return 0;
}

/*
 * mf_scan: the columns of every flow, newest first: of pages where there are
 * some, of rows where there are none or they say something else.
 *
 * A scan belongs to no transaction: it goes on in the next where it stopped
 * in this one.
 *
 * Thread:  the reader's.
 */
#ifndef MF_STORE_SCAN_H
#define MF_STORE_SCAN_H

#include "flow/columns.h"
#include "store/reader_impl.h"

/*
 * Look at one flow. `row` is a statement on its row, of MF_ROW_COLUMNS, or
 * NULL when the columns come from a page. 0: go on; 1: stop after this one;
 * or an error, which ends the scan.
 */
typedef int mf_scan_visit(void *user, const struct mf_columns *columns,
                          sqlite3_stmt *row, struct mf_err *err);

struct mf_scan {
    uint64_t below;  /* flows with smaller numbers are still to be seen */
    uint32_t wanted; /* columns, as for mf_column_page_rows() */
    bool by_rows;    /* every flow by its row: for the newest few */
    mf_scan_visit *visit;
    void *user;
};

/*
 * Go on in the reader's transaction until `deadline_ns` (of
 * mf_clock_mono_ns()), a visit that stops, or the end. 1: stopped on the way,
 * 0: all were seen, or an error. MF_ECLOSED: cancelled.
 */
int mf_scan_step(struct mf_scan *scan, struct mf_reader *reader,
                 int64_t deadline_ns, const _Atomic bool *cancel,
                 struct mf_err *err);

/*
 * Pass over the next *count flows without a look at them, in one transaction;
 * *count is left at how many there were not. The same errors.
 */
int mf_scan_skip(struct mf_scan *scan, struct mf_reader *reader,
                 uint64_t *count, const _Atomic bool *cancel,
                 struct mf_err *err);

#endif

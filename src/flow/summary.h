/*
 * The FlowSummary of a flow that is kept in columns: what mf_flow_put_summary()
 * gives, taken apart into columns, names, URL and a rest, and joined again.
 *
 * Errors:  0, MF_EFULL or MF_ENOMEM, as mf_buf; others where said.
 */
#ifndef MF_FLOW_SUMMARY_H
#define MF_FLOW_SUMMARY_H

#include "flow/columns.h"
#include "flow/flow.h"

/*
 * Append to `url` the URL as lists show it ("" for what has none; a DNS
 * flow's is its question's name) and to `rest` what neither it nor `columns`
 * nor the texts of its ids tell. `columns` and `texts` are the flow's, the
 * ids filled in: what has id 0 goes to the rest.
 */
int mf_summary_split(const struct mf_flow *flow,
                     const struct mf_columns *columns,
                     const struct mf_column_texts *texts, struct mf_buf *url,
                     struct mf_buf *rest);

/*
 * The same of a flow of which nothing is left but its whole derived summary:
 * what `columns` tells of the connection's numbers is filled in, and all of
 * the rest is appended.
 */
int mf_summary_keep(struct mf_span summary, struct mf_columns *columns,
                    struct mf_buf *rest);

/* A flow's row. The texts are those of the columns' ids, empty for id 0;
 * source and request_type are not looked at. */
struct mf_summary_row {
    struct mf_span id;
    const struct mf_columns *columns;
    struct mf_column_texts texts;
    struct mf_span url;
    struct mf_span rest;
};

/*
 * Append what mf_flow_put_summary() appended when the row was made, in
 * another order of fields: the `derived` of mf_record_new(). Numbers that
 * the columns were given since (appended messages) are told as they now are.
 *
 *  MF_ECORRUPT  no such type, or the rest is malformed
 */
int mf_summary_join(const struct mf_summary_row *row, struct mf_buf *out);

/* What messages that are appended change in a summary. */
struct mf_summary_growth {
    uint64_t client_bytes;
    uint64_t server_bytes;
    uint64_t message_count;
    double duration_ms;
    struct mf_span error; /* empty: as it was */
};

/* Append a derived summary with `growth` in place of what it says of these.
 * MF_ECORRUPT: it is malformed. */
int mf_summary_grow(const uint8_t *derived, size_t len,
                    const struct mf_summary_growth *growth, struct mf_buf *out);

#endif

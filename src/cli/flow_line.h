/*
 * One line for a flow, for a terminal: when, what, how it ended, how much,
 * how long, where.
 */
#ifndef MF_CLI_FLOW_LINE_H
#define MF_CLI_FLOW_LINE_H

#include "base/buf.h"
#include "mitmflow/v1/mitmflow.pb-c.h"

/* Append the line of `flow` and "\n"; times are of the local time zone.
 * Captured text is made fit for a terminal (cli/shown.h). 0, MF_EFULL or
 * MF_ENOMEM. */
int mf_flow_line_put(struct mf_buf *out, const Mitmflow__V1__FlowSummary *flow);

/* Append a time as lines show it: "2026-11-23 10:01:44.120". */
int mf_flow_line_put_time(struct mf_buf *out,
                          const Google__Protobuf__Timestamp *time);

#endif

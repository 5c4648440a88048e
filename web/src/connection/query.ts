import { api } from "./api";
import { type Row, toRow } from "./row";

type Request = Parameters<typeof api.queryFlows>[0];
type Options = Parameters<typeof api.queryFlows>[1];

/* What one search has found. */
export interface Found {
  /* In the order that was asked for. */
  rows: Row[];
  matched: number;
  /* A regular expression met its limits on flows, which may be missing. */
  limited: boolean;
}

/* All that a search finds; throws `Failure`. */
export async function queryRows(request: Request, options: Options): Promise<Found> {
  const found: Found = { rows: [], matched: 0, limited: false };
  for await (const { flows, progress, end } of api.queryFlows(request, options)) {
    for (const flow of flows) found.rows.push(toRow(flow));
    if (progress?.limited) found.limited = true;
    if (end) found.matched = Number(end.matched);
  }
  return found;
}

import type { Row } from "../connection/row";
import type { Span } from "./cells";

// The span changes in steps, so that rows are not drawn anew for each flow.
const stepsPerSpan = 8;

/* The time that some rows take, a little more at both ends. */
export function spanOf(rows: readonly (Row | undefined)[]): Span {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    if (!row?.startMs) continue;
    from = Math.min(from, row.startMs);
    to = Math.max(to, row.startMs + (row.durationMs ?? 0));
  }
  if (from > to) return { from: 0, to: 1 };
  const step = 2 ** Math.ceil(Math.log2(Math.max(1, to - from) / stepsPerSpan));
  return { from: Math.floor(from / step) * step, to: Math.ceil(to / step) * step };
}

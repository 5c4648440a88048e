import { callTimeoutMs } from "./api";
import { type Batch, screenOfRows } from "./protocol";
import { queryRows } from "./query";

/*
 * The newest flows, asked for without the worker, which takes longer to start;
 * what it tells comes in their place. null: there are none, or no answer.
 */
export async function firstRows(filter: string): Promise<Batch | null> {
  const request = { filter: { expression: filter }, limit: screenOfRows };
  // The worker's call has the same fault, and says so.
  const found = await queryRows(request, { timeoutMs: callTimeoutMs }).catch(() => null);
  if (!found) return null;
  const { rows, limited } = found;
  rows.sort((a, b) => a.number - b.number);
  const [oldest] = rows;
  if (!oldest) return null;
  return {
    type: "batch",
    filter,
    reset: true,
    rows,
    gone: [],
    floor: oldest.number,
    // As if that were all: what is older is asked for once the worker has told.
    below: 0,
    total: null,
    evicted: 0,
    limited,
  };
}

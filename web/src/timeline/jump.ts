import { api, callTimeoutMs } from "../connection/api";
import { withClause } from "../filter/combine";
import { SortKey } from "../gen/mitmflow/v1/mitmflow_pb";

async function first(expression: string, ascending: boolean): Promise<number | null> {
  const asked = { filter: { expression }, sort: SortKey.START, ascending, limit: 1 };
  for await (const { flows } of api.queryFlows(asked, { timeoutMs: callTimeoutMs }))
    if (flows[0]) return Number(flows[0].number);
  return null;
}

/* The number of the last flow that began by then, or of the first after it;
 * null: the filter finds none. */
export async function flowAt(filter: string, ms: number): Promise<number | null> {
  const time = new Date(ms).toISOString();
  return (
    (await first(withClause(filter, `~time <=${time}`), false)) ??
    first(withClause(filter, `~time >${time}`), true)
  );
}

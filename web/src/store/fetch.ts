import { api } from "../connection/api";
import { type Row, toRow } from "../connection/row";
import { SortKey } from "../gen/mitmflow/v1/mitmflow_pb";
import type { Sort } from "../place/place";
import type { FetchOlder } from "./newest";
import type { FetchSorted } from "./sorted";

const keys: Record<Sort, SortKey> = {
  arrival: SortKey.UNSPECIFIED,
  start: SortKey.START,
  duration: SortKey.DURATION,
  size: SortKey.SIZE,
  status: SortKey.STATUS,
  method: SortKey.METHOD,
  host: SortKey.HOST,
  client: SortKey.CLIENT,
  source: SortKey.SOURCE,
  type: SortKey.CONTENT_TYPE,
};

type Request = Parameters<typeof api.queryFlows>[0];

async function query(
  request: Request,
  signal: AbortSignal,
): Promise<{ rows: readonly Row[]; matched: number }> {
  const rows: Row[] = [];
  let matched = 0;
  for await (const { flows, end } of api.queryFlows(request, { signal })) {
    for (const flow of flows) rows.push(toRow(flow));
    if (end) matched = Number(end.matched);
  }
  return { rows, matched };
}

export const fetchOlder: FetchOlder = async (
  { filter, before, offset, limit },
  signal,
) => {
  const asked = { filter: { expression: filter }, limit };
  const from = { before: BigInt(before), offset: BigInt(offset) };
  return (await query({ ...asked, ...from }, signal)).rows;
};

export const fetchSorted: FetchSorted = (asked, signal) => {
  const { filter, sort, ascending, offset, limit } = asked;
  return query(
    {
      filter: { expression: filter },
      sort: keys[sort],
      ascending,
      offset: BigInt(offset),
      limit,
    },
    signal,
  );
};

import { queryRows } from "../connection/query";
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

export const fetchOlder: FetchOlder = async (
  { filter, before, offset, limit },
  signal,
) => {
  const asked = { filter: { expression: filter }, limit };
  const from = { before: BigInt(before), offset: BigInt(offset) };
  return (await queryRows({ ...asked, ...from }, { signal })).rows;
};

export const fetchSorted: FetchSorted = (asked, signal) => {
  const { filter, sort, ascending, offset, limit } = asked;
  return queryRows(
    {
      filter: { expression: filter },
      sort: keys[sort],
      ascending,
      offset: BigInt(offset),
      limit,
    },
    { signal },
  );
};

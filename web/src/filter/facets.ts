import { api, callTimeoutMs } from "../connection/api";
import type { FacetKind } from "../gen/mitmflow/v1/mitmflow_pb";
import type { FacetValue } from "./facetValue";
import { tokensOf } from "./syntax";

export interface Facet {
  values: readonly FacetValue[];
  /* Flows with a value beyond those told. */
  others: number;
}

const valuesMost = 500;
// Nothing that is captured changes a list of values in so short a time.
const keptMs = 5000;

async function ask(kind: FacetKind, filter: string): Promise<Facet> {
  const request = {
    filter: { expression: filter },
    facets: [kind],
    facetLimit: valuesMost,
  };
  for await (const { summary } of api.summarizeFlows(request, {
    timeoutMs: callTimeoutMs,
  })) {
    const facet = summary?.facets[0];
    if (facet)
      return {
        values: facet.values.map(({ value, count }) => ({ value, count: Number(count) })),
        others: Number(facet.others),
      };
  }
  return { values: [], others: 0 };
}

/* `ask`, whose answers stand for a moment. */
export function keeping<T>(
  ask: (key: string) => Promise<T>,
): (key: string) => Promise<T> {
  const kept = new Map<string, { at: number; answer: Promise<T> }>();
  return (key) => {
    const known = kept.get(key);
    if (known && Date.now() - known.at < keptMs) return known.answer;
    const answer = ask(key);
    for (const [old, { at }] of kept) if (Date.now() - at >= keptMs) kept.delete(old);
    kept.set(key, { at: Date.now(), answer });
    answer.catch(() => kept.delete(key));
    return answer;
  };
}

const facetsBy = new Map<FacetKind, (filter: string) => Promise<Facet>>();

/* The values that flows of `filter` have, the most frequent first. */
export function facetOf(kind: FacetKind, filter: string): Promise<Facet> {
  let facet = facetsBy.get(kind);
  if (!facet) {
    facet = keeping((key) => ask(kind, key));
    facetsBy.set(kind, facet);
  }
  return facet(filter);
}

// What the server answers from columns, whatever it has stored.
const quick = new Set(
  "~all ~c ~d ~device ~dns ~dur ~e ~http ~m ~noted ~pinned ~q ~s ~size ~source ~tcp ~time ~udp ~websocket".split(
    " ",
  ),
);

/* `filter` if counting what it finds reads no bodies, else "". */
export function quickFilter(filter: string): string {
  const tokens = tokensOf(filter);
  const isQuick = tokens?.every(({ kind, from, to, operand }) =>
    kind === "operator"
      ? quick.has(filter.slice(from, to))
      : operand || (kind !== "word" && kind !== "quoted"),
  );
  return isQuick ? filter : "";
}

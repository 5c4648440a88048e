import { useEffect, useState } from "react";
import type { FacetKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { allOperators } from "./explain";
import { facetOf, quickFilter } from "./facets";
import type { FacetValue } from "./facetValue";
import { usedFilters } from "./history";
import {
  type Completion,
  facetFor,
  historyFor,
  operatorsFor,
  type Spot,
  spotAt,
  valuesFor,
} from "./suggest";
import { recentUrls } from "./urls";

async function capturedFor(
  operator: string,
  kind: FacetKind,
  filter: string,
): Promise<readonly FacetValue[]> {
  const { values } = await facetOf(kind, filter);
  // No facet tells of paths: those of the newest flows stand for all.
  return operator === "~u" ? [...values, ...(await recentUrls(filter))] : values;
}

async function completionsAt(spot: Spot, text: string): Promise<Completion[]> {
  if (spot.kind === "start") {
    const all = await allOperators();
    const begin = { kind: "operator", typed: "~", from: 0, to: text.length } as const;
    return [...historyFor(usedFilters(), text.length), ...operatorsFor(begin, all)];
  }
  if (spot.kind === "operator") return operatorsFor(spot, await allOperators());
  const kind = facetFor(spot.operator);
  if (kind === undefined) return valuesFor(spot, []);
  const found = (filter: string) => capturedFor(spot.operator, kind, filter);
  // The rest of the filter may still be wrong.
  const values = await found(quickFilter(spot.rest)).catch(() => found(""));
  return valuesFor(spot, values);
}

const none: readonly Completion[] = [];

/* What could stand at the caret. */
export function useCompletions(
  text: string,
  caret: number | null,
): readonly Completion[] {
  const [found, setFound] = useState<{ for: string; all: readonly Completion[] }>({
    for: "",
    all: none,
  });
  const now = caret === null ? null : `${caret} ${text}`;
  useEffect(() => {
    if (now === null || caret === null) return;
    const spot = spotAt(text, caret);
    let isOld = false;
    const show = (all: readonly Completion[]) => {
      if (!isOld) setFound({ for: now, all });
    };
    if (!spot) return show(none);
    // Letters of one operand need no further answer of the server.
    completionsAt(spot, text).then(show, () => show(none));
    return () => {
      isOld = true;
    };
  }, [text, caret, now]);
  return found.for === now ? found.all : none;
}

import { useEffect, useState } from "react";
import { allOperators } from "./explain";
import { facetOf, quickFilter } from "./facets";
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

async function completionsAt(spot: Spot, text: string): Promise<Completion[]> {
  if (spot.kind === "start") {
    const all = await allOperators();
    const begin = { kind: "operator", typed: "~", from: 0, to: text.length } as const;
    return [...historyFor(usedFilters(), text.length), ...operatorsFor(begin, all)];
  }
  if (spot.kind === "operator") return operatorsFor(spot, await allOperators());
  const kind = facetFor(spot.operator);
  if (kind === undefined) return valuesFor(spot, []);
  const facet = await facetOf(kind, quickFilter(spot.rest)).catch(() =>
    // The rest of the filter may still be wrong.
    facetOf(kind, ""),
  );
  return valuesFor(spot, facet.values);
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

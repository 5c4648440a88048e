import { useEffect } from "react";
import { calls } from "../connection/api";
import type { Grid } from "./useGrid";

/*
 * Keeps the flow that the reader is at in view when it becomes another one,
 * by whatever way: a key, a link, the timeline. One that is not here is found
 * by how many flows are older.
 */
export function useFind(grid: Grid, number: number | null): void {
  const { view, lines } = grid;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each flow in each list
  useEffect(() => {
    if (number === null) return;
    if (lines.lineOf(number) !== null) return grid.show(number);
    if (view.sort !== "arrival") return;
    const call = new AbortController();
    calls
      .count(view.filter, number, call.signal)
      .then((older) => grid.toOlder(older))
      .catch(() => {});
    return () => call.abort();
  }, [number, view.filter]);
}

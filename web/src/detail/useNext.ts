import { useEffect, useRef } from "react";
import type { Row } from "../connection/row";
import { useLive } from "../store/hooks";
import { coordinateOf, rowAt } from "../store/listing";

// What is long is got when it is opened.
const longestBytes = 300_000;

/*
 * Hands over the flow after the one shown, as its reader goes: who goes from
 * one to the next goes on.
 */
export function useNext(shown: number | null, take: (row: Row) => void): void {
  const { store } = useLive();
  const before = useRef<number | null>(null);
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const from = before.current;
    before.current = shown;
    if (shown === null || from === null) return;
    const { listing } = store.getView();
    const [was, is] = [coordinateOf(listing, from), coordinateOf(listing, shown)];
    if (was === null || is === null || Math.abs(is - was) !== 1) return;
    const next = rowAt(listing, is + (is - was));
    if (next && (next.size ?? 0) <= longestBytes) latest.current(next);
  }, [shown, store]);
}

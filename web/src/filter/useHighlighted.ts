import { useEffect, useSyncExternalStore } from "react";
import { highlighter } from "./highlighter";

/* Whether the second filter marks a flow whose row is on the page. */
export function useHighlighted(number: number, change: number): boolean {
  useEffect(() => highlighter.show(number, change), [number, change]);
  return useSyncExternalStore(highlighter.subscribe, () => highlighter.isMarked(number));
}

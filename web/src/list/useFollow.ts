import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from "react";
import type { Row } from "../connection/row";
import { placeOf } from "../connection/window";
import type { Item, Order } from "./items";

// Less than this from the edge is at the edge: scroll offsets have fractions.
const edgePx = 2;

export interface Follow {
  on: boolean;
  set(on: boolean): void;
  /* Flows that came since the reader left the newest end. */
  unseen: number;
  atEdge(): boolean;
  scrolled(): void;
}

/*
 * Whether the list keeps to its newest end. It does until the reader scrolls
 * away or takes up a row, and again when the reader goes back to that end.
 */
export function useFollow(
  scroller: RefObject<HTMLElement | null>,
  rows: readonly Row[],
  items: readonly Item[],
  order: Order,
): Follow {
  const [on, setOn] = useState(true);
  const seen = useRef(0);
  const newest = rows[rows.length - 1]?.number ?? 0;
  if (on || seen.current > newest) seen.current = newest;

  const atEdge = useCallback(() => {
    const el = scroller.current;
    if (!el) return true;
    const rest = el.scrollHeight - el.clientHeight - el.scrollTop;
    return (order === "newest-first" ? el.scrollTop : rest) <= edgePx;
  }, [scroller, order]);

  // The top stays the top by itself; the bottom moves with each flow.
  const bottom = order === "oldest-first" ? items : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each change of the items
  useLayoutEffect(() => {
    const el = scroller.current;
    if (on && el) el.scrollTop = order === "newest-first" ? 0 : el.scrollHeight;
  }, [on, order, bottom, scroller]);

  return {
    on,
    set: setOn,
    unseen: rows.length - placeOf(rows, seen.current + 1),
    atEdge,
    scrolled: () => setOn(atEdge()),
  };
}

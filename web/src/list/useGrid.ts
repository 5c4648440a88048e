import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useLayoutEffect, useMemo } from "react";
import { placeOf } from "../connection/window";
import { useView } from "../store/hooks";
import { dayOf } from "../ui/format";
import { useWidth } from "../ui/useWidth";
import { itemIndex, itemKey, type Order, toItems } from "./items";
import { useFollow } from "./useFollow";

const headPx = 26;
const rowPx = 26;
// Two lines to a row below this width of the list.
const compactBelowPx = 620;
const compactRowPx = 50;

/*
 * The lines of the list, of which only those in view are drawn, and where
 * the reader is among them.
 */
export function useGrid(
  scroller: RefObject<HTMLDivElement | null>,
  order: Order,
  opened: number | null,
) {
  const { rows, hasOlder, evicted } = useView();
  const hasEnd = hasOlder || evicted > 0;
  const compact = useWidth(scroller) < compactBelowPx;
  const today = dayOf(Date.now());
  const items = useMemo(
    () => toItems(rows, order, hasEnd, today),
    [rows, order, hasEnd, today],
  );
  const follow = useFollow(scroller, rows, items, order);
  const size = compact ? compactRowPx : rowPx;
  const head = compact ? 0 : headPx;

  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => size,
    getItemKey: (index) => itemKey(items[index]),
    overscan: 12,
    scrollMargin: head,
    scrollPaddingStart: head,
    // Keeps the row at the top of the view still when rows come above it.
    anchorTo: follow.on ? "start" : "end",
  });

  const show = (number: number) => {
    const index = itemIndex(items, number);
    if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
  };

  // Sizes are cached by key until told; the open flow stays in view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: when the lines change their height
  useLayoutEffect(() => {
    virtual.measure();
    if (opened !== null) show(opened);
  }, [size]);

  // Reading a flow keeps its row still; going back to the list lets it go.
  const { set: setFollow, atEdge } = follow;
  useEffect(() => {
    setFollow(opened === null && atEdge());
  }, [opened, setFollow, atEdge]);

  return {
    rows,
    items,
    compact,
    follow,
    virtual,
    show,
    /* Lines to a page, less one to keep one's place by. */
    pageLines(): number {
      const height = scroller.current?.clientHeight ?? 0;
      return Math.max(1, Math.floor((height - head) / size) - 1);
    },
    /* The place among rows of the flow at the top of the view. */
    topPlace(): number {
      const top = (scroller.current?.scrollTop ?? 0) + head;
      for (const line of virtual.getVirtualItems()) {
        const item = items[line.index];
        if (item?.type === "flow" && line.end > top)
          return placeOf(rows, item.row.number);
      }
      return 0;
    },
  };
}

export type Grid = ReturnType<typeof useGrid>;

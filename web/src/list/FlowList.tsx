import { useVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { windowMax } from "../connection/protocol";
import type { Row } from "../connection/row";
import { placeOf } from "../connection/window";
import { useLive, useView } from "../store/hooks";
import { dayOf, formatDay } from "../ui/format";
import { DownIcon, UpIcon } from "../ui/icons";
import { useWidth } from "../ui/useWidth";
import { FlowRow } from "./FlowRow";
import { type Item, itemIndex, itemKey, type Order, toItems } from "./items";
import { useFollow } from "./useFollow";
import { useListKeys } from "./useListKeys";

interface Props {
  order: Order;
  onOrder(order: Order): void;
  /* The row that keys act on, whether or not it is open. */
  cursor: number | null;
  opened: number | null;
  onCursor(number: number | null): void;
  onOpen(number: number): void;
}

const headPx = 26;
const rowPx = 26;
// Two lines to a row below this width of the list.
const compactBelowPx = 620;
const compactRowPx = 50;
const freshMs = 1500;

/* It ended, or last grew, a moment ago by this machine's clock. */
function isFresh(row: Row, now: number): boolean {
  return Math.abs(now - row.startMs - (row.durationMs ?? 0)) < freshMs;
}

function severalSources(rows: readonly Row[]): boolean {
  const first = rows[0]?.source;
  return rows.some((row) => row.source !== first);
}

export function FlowList({ order, onOrder, cursor, opened, onCursor, onOpen }: Props) {
  const view = useView();
  const { rows } = view;
  const scroller = useRef<HTMLDivElement>(null);
  const compact = useWidth(scroller) < compactBelowPx;
  const today = dayOf(Date.now());
  const items = useMemo(
    () => toItems(rows, order, view.hasOlder, today),
    [rows, order, view.hasOlder, today],
  );
  const showSource = useMemo(() => severalSources(rows), [rows]);
  const follow = useFollow(scroller, rows, items, order);
  const size = compact ? compactRowPx : rowPx;

  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => size,
    getItemKey: (index) => itemKey(items[index]),
    overscan: 12,
    scrollMargin: compact ? 0 : headPx,
    scrollPaddingStart: compact ? 0 : headPx,
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

  const toEdge = () => {
    if (opened === null) onCursor(null);
    follow.set(true);
  };
  const moveTo = (row: Row | undefined) => {
    if (!row) return;
    follow.set(false);
    onCursor(row.number);
    show(row.number);
  };

  useListKeys({
    // Down the page by `lines`, whichever way time runs there.
    move: (lines) => {
      if (rows.length === 0) return;
      const step = order === "newest-first" ? -lines : lines;
      const from = cursor === null ? firstVisible() - step : placeOf(rows, cursor);
      const place = Math.max(0, Math.min(rows.length - 1, from + step));
      moveTo(rows[place]);
    },
    page: () => {
      const height = scroller.current?.clientHeight ?? 0;
      return Math.max(1, Math.floor((height - headPx) / size) - 1);
    },
    end: (which) => {
      const last = which === "bottom" ? "oldest-first" : "newest-first";
      const row = rows[order === last ? rows.length - 1 : 0];
      moveTo(row);
      virtual.scrollToIndex(which === "bottom" ? items.length - 1 : 0);
      if (order === last && opened === null) follow.set(true);
    },
    open: () => cursor !== null && onOpen(cursor),
  });

  function firstVisible(): number {
    const at = (scroller.current?.scrollTop ?? 0) + (compact ? 0 : headPx);
    for (const line of virtual.getVirtualItems()) {
      const item = items[line.index];
      if (item?.type === "flow" && line.end > at) return placeOf(rows, item.row.number);
    }
    return 0;
  }

  const clicked = (event: MouseEvent) => {
    const line = (event.target as Element).closest("[data-number]");
    if (line) onOpen(Number(line.getAttribute("data-number")));
  };

  const now = Date.now();
  const draw = (item: Item | undefined, index: number, start: number) => {
    const top = start - virtual.options.scrollMargin;
    const key = itemKey(item);
    if (item?.type === "flow") {
      return (
        <FlowRow
          key={key}
          row={item.row}
          rowIndex={index + 2}
          top={top}
          current={item.row.number === cursor}
          opened={item.row.number === opened}
          showSource={showSource}
          fresh={isFresh(item.row, now)}
        />
      );
    }
    return (
      <div
        key={key}
        role="row"
        aria-rowindex={index + 2}
        className="row day"
        style={{ transform: `translateY(${top}px)` }}
      >
        <div role="gridcell">
          {item?.type === "day" ? (
            formatDay(item.startMs)
          ) : (
            <Older full={rows.length >= windowMax} />
          )}
        </div>
      </div>
    );
  };

  const names = ["grid", compact ? "compact" : "", showSource ? "with-source" : ""];
  return (
    <section className="list" aria-label="Flows">
      {follow.unseen > 0 && !follow.on && (
        <button type="button" className={`chip-new at-${order}`} onClick={toEdge}>
          {follow.unseen > 999 ? "999+" : follow.unseen} new
          {order === "newest-first" ? <UpIcon /> : <DownIcon />}
        </button>
      )}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys are heard by useListKeys */}
      <div
        ref={scroller}
        role="grid"
        tabIndex={0}
        aria-label="Captured flows"
        aria-rowcount={items.length + 1}
        aria-activedescendant={cursor === null ? undefined : `flow-${cursor}`}
        className={names.join(" ")}
        onScroll={follow.scrolled}
        onClick={clicked}
      >
        <Head order={order} onOrder={onOrder} showSource={showSource} />
        <div role="rowgroup" className="lines" style={{ height: virtual.getTotalSize() }}>
          {virtual
            .getVirtualItems()
            .map((line) => draw(items[line.index], line.index, line.start))}
        </div>
      </div>
    </section>
  );
}

function Older({ full }: { full: boolean }) {
  const { client } = useLive();
  if (full) return <>Older flows are kept: filter to find them.</>;
  return (
    <button type="button" className="link" onClick={() => client.showOlder()}>
      Show older flows
    </button>
  );
}

interface HeadProps {
  order: Order;
  onOrder(order: Order): void;
  showSource: boolean;
}

function Head({ order, onOrder, showSource }: HeadProps) {
  const newest = order === "newest-first";
  const next = newest ? "oldest-first" : "newest-first";
  const column = (name: string, label: string) => (
    <div role="columnheader" className={name}>
      {label}
    </div>
  );
  return (
    <div role="rowgroup" className="head">
      <div role="row" aria-rowindex={1} className="row-head">
        <div
          role="columnheader"
          className="c-time"
          aria-sort={newest ? "descending" : "ascending"}
        >
          <button
            type="button"
            title={
              newest
                ? "Newest first; show oldest first"
                : "Oldest first; show newest first"
            }
            onClick={() => onOrder(next)}
          >
            Time {newest ? "\u2193" : "\u2191"}
          </button>
        </div>
        {showSource && column("c-source", "Source")}
        {column("c-badge", "Type")}
        {column("c-host", "Host")}
        {column("c-path", "Path")}
        <div role="columnheader" className="c-marks" aria-label="Marks" />
        {column("c-status", "Status")}
        {column("c-size", "Size")}
        {column("c-duration", "Duration")}
      </div>
    </div>
  );
}

import { type MouseEvent, useMemo, useRef } from "react";
import type { Row } from "../connection/row";
import { DownIcon, UpIcon } from "../ui/icons";
import { itemKey, type Order } from "./items";
import { ListHead } from "./ListHead";
import { ListLine } from "./ListLine";
import { moves } from "./moves";
import { useGrid } from "./useGrid";
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

function severalSources(rows: readonly Row[]): boolean {
  const first = rows[0]?.source;
  return rows.some((row) => row.source !== first);
}

export function FlowList({ order, onOrder, cursor, opened, onCursor, onOpen }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const grid = useGrid(scroller, order, opened);
  const { rows, items, follow, virtual } = grid;
  const showSource = useMemo(() => severalSources(rows), [rows]);
  useListKeys(moves(grid, order, { at: cursor, opened, set: onCursor, open: onOpen }));

  const toEdge = () => {
    if (opened === null) onCursor(null);
    follow.set(true);
  };
  const clicked = (event: MouseEvent) => {
    const line = (event.target as Element).closest("[data-number]");
    if (line) onOpen(Number(line.getAttribute("data-number")));
  };

  const names = ["grid", grid.compact && "compact", showSource && "with-source"];
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
        className={names.filter(Boolean).join(" ")}
        onScroll={follow.scrolled}
        onClick={clicked}
      >
        <ListHead order={order} onOrder={onOrder} showSource={showSource} />
        <div role="rowgroup" className="lines" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((line) => {
            const item = items[line.index];
            return (
              item && (
                <ListLine
                  key={itemKey(item)}
                  item={item}
                  line={line}
                  margin={virtual.options.scrollMargin}
                  cursor={cursor}
                  opened={opened}
                  showSource={showSource}
                />
              )
            );
          })}
        </div>
      </div>
    </section>
  );
}

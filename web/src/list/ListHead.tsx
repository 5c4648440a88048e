import { type KeyboardEvent, memo, type PointerEvent } from "react";
import type { Sort } from "../place/place";
import { DownIcon, UpIcon } from "../ui/icons";
import {
  type Column,
  type ColumnId,
  columns,
  type Layout,
  resized,
  widthMax,
  widthMin,
  widthOf,
} from "./columns";

export interface SortBy {
  sort: Sort;
  ascending: boolean;
}

interface Props extends SortBy {
  shown: readonly ColumnId[];
  layout: Layout;
  onLayout(layout: Layout): void;
  onSort(by: SortBy): void;
}

/* What a click on a head asks for: that order, the other way, the usual one. */
export function nextSort(column: Column, now: SortBy): SortBy {
  const first = column.ascending === true;
  if (!column.sort) return now;
  if (now.sort !== column.sort) return { sort: column.sort, ascending: first };
  if (now.ascending === first || column.sort === "arrival")
    return { sort: column.sort, ascending: !now.ascending };
  return { sort: "arrival", ascending: false };
}

function ariaSort(column: Column, now: SortBy) {
  if (!column.sort || column.sort !== now.sort) return undefined;
  return now.ascending ? "ascending" : "descending";
}

function Title({
  column,
  now,
  onSort,
}: {
  column: Column;
  now: SortBy;
  onSort: Props["onSort"];
}) {
  if (!column.sort) return column.title;
  const isSorted = column.sort === now.sort;
  return (
    <button
      type="button"
      aria-label={column.title}
      title={`Sort by ${column.title.toLowerCase()}`}
      onClick={() => onSort(nextSort(column, now))}
    >
      {column.title}
      {isSorted && (now.ascending ? <UpIcon /> : <DownIcon />)}
    </button>
  );
}

const keySteps: Record<string, number> = { ArrowLeft: -10, ArrowRight: 10 };

/* The edge of a column: dragged, or moved by the arrow keys. */
function Edge({
  id,
  layout,
  onLayout,
}: { id: ColumnId } & Pick<Props, "layout" | "onLayout">) {
  const width = widthOf(layout, id);
  const pressed = (event: KeyboardEvent) => {
    const step = keySteps[event.key];
    if (!step) return;
    event.preventDefault();
    onLayout(resized(layout, id, width + step));
  };
  const grabbed = (event: PointerEvent<HTMLElement>) => {
    event.preventDefault();
    const edge = event.currentTarget;
    const from = event.clientX;
    edge.setPointerCapture(event.pointerId);
    edge.onpointermove = (moved) =>
      onLayout(resized(layout, id, width + moved.clientX - from));
    edge.onpointerup = edge.onpointercancel = () => {
      edge.onpointermove = null;
    };
  };
  return (
    <div
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={`Width of ${columns[id].title}`}
      aria-valuenow={width}
      aria-valuemin={widthMin}
      aria-valuemax={widthMax}
      className="column-edge"
      onKeyDown={pressed}
      onPointerDown={grabbed}
      onDoubleClick={() => onLayout(resized(layout, id, columns[id].width))}
    />
  );
}

/* Drawn anew when columns or order change, not with each flow. */
export const ListHead = memo(function ListHead(props: Props) {
  const { shown, layout, onLayout, onSort, sort, ascending } = props;
  const now = { sort, ascending };
  return (
    <div role="rowgroup" className="head">
      <div role="row" aria-rowindex={1} className="row-head">
        {shown.map((id) => (
          <div
            key={id}
            role="columnheader"
            className={`c-${id}`}
            aria-sort={ariaSort(columns[id], now)}
          >
            <Title column={columns[id]} now={now} onSort={onSort} />
            {id !== "path" && <Edge id={id} layout={layout} onLayout={onLayout} />}
          </div>
        ))}
      </div>
    </div>
  );
});

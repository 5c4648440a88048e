import type { Row } from "../connection/row";
import { placeOf } from "../connection/window";
import type { Order } from "./items";
import type { Grid } from "./useGrid";
import type { ListKeys } from "./useListKeys";

interface Cursor {
  at: number | null;
  opened: number | null;
  set(number: number): void;
  open(number: number): void;
}

/* What the list's keys do to its cursor. */
export function moves(grid: Grid, order: Order, cursor: Cursor): ListKeys {
  const { rows, items, follow, virtual } = grid;
  const moveTo = (row: Row | undefined) => {
    if (!row) return;
    follow.set(false);
    cursor.set(row.number);
    grid.show(row.number);
  };
  return {
    // Down the page by `lines`, whichever way time runs there.
    move: (lines) => {
      const step = order === "newest-first" ? -lines : lines;
      const from = cursor.at === null ? grid.topPlace() - step : placeOf(rows, cursor.at);
      moveTo(rows[Math.max(0, Math.min(rows.length - 1, from + step))]);
    },
    page: grid.pageLines,
    end: (which) => {
      const newestAt = order === "newest-first" ? "top" : "bottom";
      moveTo(rows[which === newestAt ? rows.length - 1 : 0]);
      virtual.scrollToIndex(which === "bottom" ? items.length - 1 : 0);
      if (which === newestAt && cursor.opened === null) follow.set(true);
    },
    open: () => {
      if (cursor.at !== null) cursor.open(cursor.at);
    },
  };
}

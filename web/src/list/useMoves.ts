import { type RefObject, useEffect, useRef } from "react";
import { useAnother } from "./useAnother";
import type { Grid } from "./useGrid";
import type { ListKeys } from "./useListKeys";

export interface Cursor {
  at: number | null;
  opened: number | null;
  set(number: number): void;
  open(number: number): void;
}

/* Takes the cursor to a line; `extend` with Shift. */
type MoveTo = (line: number, isExtending: boolean) => void;

/*
 * The flow of a line that is not here yet is taken up when it comes; until
 * then further keys go on from that line.
 */
function useMoveTo(
  grid: Grid,
  cursor: Cursor,
  extend: (to: number) => void,
): { moveTo: MoveTo; awaited: RefObject<number | null> } {
  const { lines } = grid;
  const awaited = useRef<number | null>(null);
  useAnother(grid.view.filter, () => {
    awaited.current = null;
  });
  const moveTo: MoveTo = (line, isExtending) => {
    const row = lines.at(line);
    awaited.current = row ? null : lines.coordinateAt(line);
    if (!row) return grid.showLine(line);
    grid.follow(false);
    if (isExtending) extend(row.number);
    cursor.set(row.number);
    grid.show(row.number);
  };
  useEffect(() => {
    if (awaited.current === null) return;
    const row = lines.at(lines.lineAt(awaited.current));
    if (!row) return;
    awaited.current = null;
    cursor.set(row.number);
  });
  return { moveTo, awaited };
}

/* What the list's keys do to its cursor. */
export function useMoves(
  grid: Grid,
  cursor: Cursor,
  extend: (to: number) => void,
): ListKeys {
  const { lines } = grid;
  const { moveTo, awaited } = useMoveTo(grid, cursor, extend);
  const lineOfCursor = () => {
    if (awaited.current !== null) return lines.lineAt(awaited.current);
    return cursor.at === null ? null : lines.lineOf(cursor.at);
  };
  return {
    move: (count, isExtending) => {
      const from = lineOfCursor();
      const line = from === null ? grid.shown.first : from + count;
      if (lines.count > 0)
        moveTo(Math.max(0, Math.min(lines.count - 1, line)), isExtending);
    },
    page: grid.pageLines,
    end: (which, isExtending) => {
      if (lines.count === 0) return;
      moveTo(which === "top" ? 0 : lines.count - 1, isExtending);
      grid.toEnd(which);
    },
    open: () => {
      if (cursor.at !== null) cursor.open(cursor.at);
    },
  };
}

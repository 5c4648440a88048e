import { useEffect, useLayoutEffect, useReducer, useRef } from "react";
import type { Row } from "../connection/row";
import { SpanContext } from "./cells";
import type { Shown } from "./columns";
import { type Drawn, Elements, type RowId } from "./elements";
import { FlowRow } from "./FlowRow";
import type { Lines } from "./lines";
import type { Grid } from "./useGrid";
import { useSpan } from "./useSpan";
import { useTints } from "./useTints";

interface Props {
  grid: Grid;
  cursor: number | null;
  opened: number | null;
  columns: readonly Shown[];
  selected(number: number): boolean;
}

// The rows' places are told from the last line of so many: those of a million
// lines are beyond what browsers can tell apart.
const linesPerPlace = 1024;

/* Where a line stands among the lines, whatever comes before it. */
function placeOf(lines: Lines, line: number): number {
  const isDownwards = lines.coordinateAt(1) > lines.coordinateAt(0);
  const coordinate = lines.coordinateAt(line);
  return isDownwards ? coordinate : -coordinate;
}

function beginsDay(lines: Lines, line: number, row: Row | undefined): boolean {
  const before = line > 0 ? lines.at(line - 1) : undefined;
  return row !== undefined && before !== undefined && row.day !== before.day;
}

/* The rows with these ids in the order in which their elements stand. */
function useElements(ids: readonly RowId[]): readonly Drawn[] {
  const elements = useRef<Elements>(null);
  elements.current ??= new Elements();
  const drawn = elements.current.arrange(ids, performance.now());
  const [, settle] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const wait = elements.current?.settlesInMs;
    if (typeof wait !== "number") return;
    const timer = setTimeout(settle, wait);
    return () => clearTimeout(timer);
  });
  return drawn;
}

/*
 * The rows in view. They stand still on a sheet that moves, so that flows
 * which come before them change none of them.
 */
export function Rows({ grid, cursor, opened, columns, selected }: Props) {
  const { lines, shown, map, size, view } = grid;
  const sheet = useRef<HTMLDivElement>(null);
  const rows: (Row | undefined)[] = [];
  for (let line = shown.first; line < shown.end; line++) rows.push(lines.at(line));
  const drawn = useElements(
    rows.map((row, i) => row?.number ?? `line ${lines.coordinateAt(shown.first + i)}`),
  );
  const span = useSpan(
    rows,
    columns.some(({ id }) => id === "waterfall"),
  );
  const first = placeOf(lines, shown.first);
  const base = Math.floor(first / linesPerPlace) * linesPerPlace;
  const shift = shown.first * size - map.offset - (first - base) * size;

  useTints(sheet, drawn, rows);
  // All of them change with each flow that comes before: too many for React.
  useLayoutEffect(() => {
    const elements = sheet.current?.children ?? [];
    drawn.forEach(({ place }, at) => {
      // The head is the grid's first row.
      const index = String(shown.first + place + 2);
      if (elements[at]?.getAttribute("aria-rowindex") !== index)
        elements[at]?.setAttribute("aria-rowindex", index);
    });
  });

  return (
    <SpanContext value={span}>
      <div
        ref={sheet}
        role="rowgroup"
        className="rows"
        style={{ transform: `translate3d(0, ${shift}px, 0)` }}
      >
        {drawn.map(({ key, place }) => {
          const row = rows[place];
          const line = shown.first + place;
          return (
            <FlowRow
              key={key}
              row={row}
              top={(first + place - base) * size}
              columns={columns}
              isCompact={grid.compact}
              isCurrent={row?.number === cursor}
              isOpened={row?.number === opened}
              isSelected={row !== undefined && selected(row.number)}
              beginsDay={view.sort === "arrival" && beginsDay(lines, line, row)}
            />
          );
        })}
      </div>
    </SpanContext>
  );
}

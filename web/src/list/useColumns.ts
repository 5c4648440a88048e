import { useMemo } from "react";
import type { Row } from "../connection/row";
import { type ColumnId, fitting, roomOf, type Shown, template } from "./columns";
import { setLayout, useLayout } from "./layout";

function differ(rows: readonly Row[], id: "source" | "device"): boolean {
  const first = rows[0]?.[id];
  return rows.some((row) => row[id] !== first);
}

const paddingPx = 12;

// Two lines to a row have a place for these, and none for others.
const compactColumns: readonly ColumnId[] = [
  "method",
  "host",
  "path",
  "status",
  "size",
  "duration",
];

const compactCells: readonly Shown[] = compactColumns.map((id) => ({ id, px: 0 }));

/* The columns that are shown, as the reader chose them and as there is room. */
export function useColumns(rows: readonly Row[], width: number, compact: boolean) {
  const layout = useLayout();
  // Who is the same in every row need not be told in each.
  const sources = useMemo(() => differ(rows, "source"), [rows]);
  const devices = useMemo(() => differ(rows, "device"), [rows]);
  const shown = useMemo(() => {
    if (compact) return compactColumns;
    const isUseful = (id: ColumnId) => {
      if (id === "source") return sources;
      if (id === "device") return devices;
      return id !== "content";
    };
    return fitting(layout, isUseful, width - paddingPx);
  }, [layout, sources, devices, width, compact]);
  const cells = useMemo(
    // Where they stand in two lines, they have other widths.
    () => (compact ? compactCells : roomOf(layout, shown, width - paddingPx)),
    [layout, shown, width, compact],
  );
  const rest = { layout, onLayout: setLayout, template: template(layout, shown) };
  return { ...rest, shown, cells };
}

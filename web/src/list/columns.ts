import type { Sort } from "../place/place";

export const columnIds = [
  "time",
  "source",
  "device",
  "type",
  "method",
  "host",
  "path",
  "status",
  "content",
  "size",
  "duration",
  "waterfall",
] as const;
export type ColumnId = (typeof columnIds)[number];

export interface Column {
  id: ColumnId;
  title: string;
  width: number;
  /* The order that a click on its head asks for; "": none. */
  sort: Sort | "";
  /* Which way first. */
  ascending?: boolean;
  isNumber?: boolean;
  /* On a narrow list those with the least go first; 9: never. */
  rank: number;
}

const column = (
  id: ColumnId,
  title: string,
  width: number,
  sort: Sort | "",
  rank: number,
  more: Partial<Column> = {},
): Column => ({ id, title, width, sort, rank, ...more });

export const columns: Record<ColumnId, Column> = {
  time: column("time", "Time", 150, "arrival", 9),
  source: column("source", "Source", 96, "source", 3, { ascending: true }),
  device: column("device", "Device", 112, "client", 4, { ascending: true }),
  type: column("type", "Type", 50, "type", 6, { ascending: true }),
  method: column("method", "Method", 72, "method", 8, { ascending: true }),
  host: column("host", "Host", 220, "host", 7, { ascending: true }),
  path: column("path", "Path", 120, "", 9),
  status: column("status", "Status", 78, "status", 9, { isNumber: true }),
  content: column("content", "Content type", 150, "type", 2, { ascending: true }),
  size: column("size", "Size", 72, "size", 6, { isNumber: true }),
  duration: column("duration", "Duration", 76, "duration", 5, { isNumber: true }),
  waterfall: column("waterfall", "Waterfall", 120, "start", 1),
};

export const widthMin = 40;
export const widthMax = 900;
// What the path has at least before other columns go.
const pathMin = 168;

/* What a reader chose; what is not told is as it comes. */
export interface Layout {
  order: ColumnId[];
  widths: Partial<Record<ColumnId, number>>;
  /* Columns that are shown or not whatever the flows are. */
  shown: Partial<Record<ColumnId, boolean>>;
}

export const plainLayout: Layout = { order: [...columnIds], widths: {}, shown: {} };

const isId = (id: unknown): id is ColumnId => columnIds.some((known) => known === id);

/* Of anything at all: it was kept by some version of the page. */
export function readLayout(text: string | null): Layout {
  let kept: Partial<Layout> = {};
  try {
    kept = JSON.parse(text ?? "{}") ?? {};
  } catch {
    return plainLayout;
  }
  const order = Array.isArray(kept.order) ? kept.order.filter(isId) : [];
  const rest = columnIds.filter((id) => !order.includes(id));
  const layout: Layout = {
    order: [...new Set([...order, ...rest])],
    widths: {},
    shown: {},
  };
  for (const id of columnIds) {
    const width = kept.widths?.[id];
    if (typeof width === "number" && width >= widthMin && width <= widthMax)
      layout.widths[id] = width;
    const shown = kept.shown?.[id];
    if (typeof shown === "boolean") layout.shown[id] = shown;
  }
  return layout;
}

export function widthOf(layout: Layout, id: ColumnId): number {
  return layout.widths[id] ?? columns[id].width;
}

/* Whether a column is shown if there is room for it. */
export function isShown(layout: Layout, id: ColumnId, isUseful: boolean): boolean {
  return id === "path" || (layout.shown[id] ?? isUseful);
}

/* A column of rows, and what its cells have room for, px. */
export interface Shown {
  id: ColumnId;
  px: number;
}

// Beside what is in a cell.
const cellPaddingPx = 14;

/* Of columns in so much room: the path has what the others leave. */
export function roomOf(layout: Layout, ids: readonly ColumnId[], room: number): Shown[] {
  const others = ids.filter((id) => id !== "path");
  const left = others.reduce((rest, id) => rest - widthOf(layout, id), room);
  return ids.map((id) => ({
    id,
    px: (id === "path" ? left : widthOf(layout, id)) - cellPaddingPx,
  }));
}

/* The columns that there is room for, of those that are to be shown. */
export function fitting(
  layout: Layout,
  isUseful: (id: ColumnId) => boolean,
  room: number,
): ColumnId[] {
  let ids = layout.order.filter((id) => isShown(layout, id, isUseful(id)));
  const need = (id: ColumnId) => (id === "path" ? pathMin : widthOf(layout, id));
  const total = () => ids.reduce((sum, id) => sum + need(id), 0);
  while (total() > room) {
    const least = Math.min(...ids.map((id) => columns[id].rank));
    if (least === 9) break;
    ids = ids.filter((id) => columns[id].rank !== least);
  }
  return ids;
}

/* As grid-template-columns: the path takes what the others leave. */
export function template(layout: Layout, ids: readonly ColumnId[]): string {
  return ids
    .map((id) => (id === "path" ? "minmax(0, 1fr)" : `${widthOf(layout, id)}px`))
    .join(" ");
}

/* `id` one place further on, or back, among all columns. */
export function moved(layout: Layout, id: ColumnId, to: number): Layout {
  const order = layout.order.filter((other) => other !== id);
  order.splice(Math.max(0, Math.min(order.length, to)), 0, id);
  return { ...layout, order };
}

export function resized(layout: Layout, id: ColumnId, width: number): Layout {
  const kept = Math.round(Math.min(widthMax, Math.max(widthMin, width)));
  return { ...layout, widths: { ...layout.widths, [id]: kept } };
}

import type { Row } from "../connection/row";

export type Order = "newest-first" | "oldest-first";

/* What stands in one line of the list. */
export type Item =
  | { type: "flow"; row: Row }
  | { type: "day"; day: number; startMs: number }
  /* The oldest end, when the server keeps more than the window holds, or has
   * let go of older ones. */
  | { type: "older" };

export function itemKey(item: Item | undefined): string | number {
  if (!item) return "none";
  if (item.type === "flow") return item.row.number;
  return item.type === "day" ? `day-${item.day}-${item.startMs}` : "older";
}

/*
 * Rows (ascending) in the order of the page, a line between two days. The
 * first day has none where it is today, which goes without saying.
 */
export function toItems(
  rows: readonly Row[],
  order: Order,
  hasEnd: boolean,
  today: number,
): Item[] {
  const items: Item[] = [];
  const older: Item[] = hasEnd ? [{ type: "older" }] : [];
  if (order === "oldest-first") items.push(...older);
  let day = order === "newest-first" ? today : 0;
  const onlyToday = rows[0]?.day === today;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[order === "newest-first" ? rows.length - 1 - i : i];
    if (!row) continue;
    if (row.day !== day && row.day !== 0 && !onlyToday) {
      items.push({ type: "day", day: row.day, startMs: row.startMs });
    }
    if (row.day !== 0) day = row.day;
    items.push({ type: "flow", row });
  }
  if (order === "newest-first") items.push(...older);
  return items;
}

/* Where flow `number` stands among items, or -1. */
export function itemIndex(items: readonly Item[], number: number): number {
  return items.findIndex((item) => item.type === "flow" && item.row.number === number);
}

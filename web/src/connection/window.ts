import type { Row } from "./row";

/*
 * The newest flows of one filter, in the order of their numbers.
 *
 * The worker keeps one for each stream and every tab keeps a copy; both take
 * the same batches, so both always hold the same. `rows` is replaced, never
 * changed, so that it can be compared by identity.
 */
export class FlowWindow {
  rows: readonly Row[] = [];
  /* Flows below this number are older than the window and are left out. */
  floor = 0;

  constructor(private readonly max: number) {}

  /* Whether the server has, or may have, older flows than these. */
  get hasOlder(): boolean {
    return this.floor > 0;
  }

  /*
   * Takes changed and new flows, then drops those that are gone, and the
   * oldest ones past the limit, which it returns.
   */
  apply(changed: readonly Row[], gone: readonly number[]): readonly Row[] {
    if (changed.length === 0 && gone.length === 0) return [];
    const rows = this.rows.slice();
    for (const row of changed) {
      if (row.number >= this.floor) put(rows, row);
    }
    const lost = new Set(gone);
    const kept = lost.size > 0 ? rows.filter((row) => !lost.has(row.number)) : rows;
    const excess = kept.length - this.max;
    this.rows = excess > 0 ? kept.slice(excess) : kept;
    if (excess <= 0) return [];
    this.floor = this.rows[0]?.number ?? 0;
    return kept.slice(0, excess);
  }

  /* After a reset was told to its end: were there more than `limit`? */
  settle(limit: number): void {
    if (this.rows.length >= limit) this.floor = this.rows[0]?.number ?? 0;
  }

  clear(): void {
    this.rows = [];
    this.floor = 0;
  }
}

/* The place of `number` in ascending rows, or where it would stand. */
export function placeOf(rows: readonly Row[], number: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row && row.number < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* The place of flow `number`; null: it is not among them. */
export function findPlace(rows: readonly Row[], number: number): number | null {
  const place = placeOf(rows, number);
  return rows[place]?.number === number ? place : null;
}

/* A row never goes back to an older change of its flow. */
function put(rows: Row[], row: Row): void {
  const last = rows[rows.length - 1];
  if (!last || last.number < row.number) {
    rows.push(row);
    return;
  }
  const place = placeOf(rows, row.number);
  const old = rows[place];
  if (old?.number !== row.number) rows.splice(place, 0, row);
  else if (old.change <= row.change) rows[place] = row;
}

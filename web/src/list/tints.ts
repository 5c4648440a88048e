import type { Row } from "../connection/row";

// It ended, or last grew, less than so long ago by this machine's clock.
const freshMs = 1500;
const heldMs = 1100;
const fadesMs = 500;

/* "on": it has just come; "fades": that was a moment ago; "": neither. */
export type Tint = "on" | "fades" | "";

function isFresh(row: Row, nowMs: number): boolean {
  return Math.abs(nowMs - row.startMs - (row.durationMs ?? 0)) < freshMs;
}

/*
 * Which rows in view are tinted because they are new: each once, however often
 * it changes meanwhile.
 */
export class Tints {
  /* When those that are new were first in view, by number. */
  private seen = new Map<number, number>();

  /* In the order of `rows`; `nowMs` since the epoch. */
  of(rows: readonly (Row | undefined)[], nowMs: number): Tint[] {
    const before = this.seen;
    this.seen = new Map();
    return rows.map((row) => {
      if (!row) return "";
      const isNew = isFresh(row, nowMs);
      const sinceMs = before.get(row.number) ?? (isNew ? nowMs : null);
      if (sinceMs === null) return "";
      const ageMs = nowMs - sinceMs;
      if (isNew || ageMs < heldMs + fadesMs) this.seen.set(row.number, sinceMs);
      if (ageMs < heldMs) return "on";
      return ageMs < heldMs + fadesMs ? "fades" : "";
    });
  }

  /* How long until one of them is tinted otherwise; null: none will be. */
  changesInMs(nowMs: number): number | null {
    let leastMs: number | null = null;
    for (const sinceMs of this.seen.values()) {
      const ageMs = nowMs - sinceMs;
      const leftMs = (ageMs < heldMs ? heldMs : heldMs + fadesMs) - ageMs;
      if (leftMs > 0) leastMs = Math.min(leastMs ?? leftMs, leftMs);
    }
    return leastMs;
  }
}

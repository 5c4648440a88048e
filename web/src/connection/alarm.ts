import { type Calls, Feed } from "./feed";
import type { ToTab } from "./protocol";
import type { Row } from "./row";
import type { Slots } from "./slots";

// What matches meanwhile is told together.
const quietMs = 5000;

export type OnAlarm = (filter: string, row: Row, count: number) => void;

/*
 * Watches a filter for flows that are new since it began, and tells of them:
 * of the first at once, of those that follow together, every five seconds.
 */
export class Alarm {
  private readonly feed: Feed;
  /* Number of the newest flow that was told of; -1: none was looked at. */
  private newest = -1;
  private count = 0;
  private last: Row | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly filter: string,
    calls: Calls,
    slots: Slots,
    private readonly onAlarm: OnAlarm,
  ) {
    this.feed = new Feed(filter, calls, slots, (message) => this.take(message));
  }

  close(): void {
    this.feed.close();
    clearTimeout(this.timer);
  }

  private take(message: ToTab): void {
    if (message.type !== "batch") return;
    const before = this.newest;
    for (const { number } of message.rows) this.newest = Math.max(this.newest, number);
    // What there was already is nothing new.
    if (before < 0) {
      this.newest = Math.max(this.newest, 0);
      return;
    }
    for (const row of message.rows) {
      if (row.number <= before) continue;
      this.count++;
      this.last = row;
    }
    if (this.timer === undefined) this.ring();
  }

  private ring(): void {
    this.timer = undefined;
    if (!this.last || this.count === 0) return;
    this.onAlarm(this.filter, this.last, this.count);
    this.count = 0;
    this.timer = setTimeout(() => this.ring(), quietMs);
  }
}

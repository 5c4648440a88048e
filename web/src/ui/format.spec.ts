import { afterEach, describe, expect, it, vi } from "vitest";
import {
  dayOf,
  formatAgo,
  formatClock,
  formatDay,
  formatDayShort,
  formatDuration,
  formatSize,
  plural,
  searching,
  setUtc,
} from "./format";

describe("formatSize", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [1949, "1.9 kB"],
    [9960, "10 kB"],
    [48_000, "48 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [3.2e12, "3.2 TB"],
    [5e15, "5000 TB"],
  ])("writes %d as %s", (bytes, text) => expect(formatSize(bytes)).toBe(text));
});

describe("formatAgo", () => {
  it.each([
    [0, "now"],
    [1999, "1 s ago"],
    [59_999, "59 s ago"],
    [60_000, "1 min ago"],
    [3_600_000, "1 h ago"],
    [200_000_000, "2 d ago"],
  ])("tells %d ms as %s", (ms, text) => expect(formatAgo(ms)).toBe(text));
});

describe("formatDuration", () => {
  it.each([
    [0, "0 ms"],
    [0.42, "0.4 ms"],
    [9, "9 ms"],
    [41.2, "41 ms"],
    [999.6, "1.0 s"],
    [1200, "1.2 s"],
    [12_000, "12 s"],
    [59_600, "1 m 00 s"],
    [124_000, "2 m 04 s"],
    [3_600_000 * 3 + 60_000 * 12, "3 h 12 m"],
  ])("writes %d as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe("times", () => {
  const ms = new Date(2026, 10, 23, 9, 5, 4, 12).getTime();

  it("are in the reader's time zone, to the millisecond", () => {
    expect(formatClock(ms)).toBe("09:05:04.012");
    expect(formatDay(ms)).toBe("Monday 23 November 2026");
    expect(dayOf(ms)).toBe(20261123);
  });

  it("are in UTC for who wants that", () => {
    const utc = Date.UTC(2026, 10, 23, 23, 5, 4, 12);
    setUtc(true);
    expect(formatClock(utc)).toBe("23:05:04.012");
    expect(formatDay(utc)).toBe("Monday 23 November 2026");
    expect(formatDayShort(utc)).toBe("Mon 23 Nov 2026");
    expect(dayOf(utc)).toBe(20261123);
    setUtc(false);
  });
});

it("plural knows one", () => {
  expect([0, 1, 1200].map((n) => plural(n, "flow"))).toEqual([
    "0 flows",
    "1 flow",
    "1,200 flows",
  ]);
});

describe("searching", () => {
  afterEach(() => vi.useRealTimers());

  it("tells the minute, and the day where it is another one", () => {
    const at = (day: number) => new Date(2026, 10, day, 9, 12, 59).getTime();
    vi.useFakeTimers({ now: at(23) });
    expect(searching(at(23))).toBe("Searching, back to 09:12");
    expect(searching(at(3))).toBe("Searching, back to 2026-11-03 09:12");
    expect(searching(0)).toBe("Searching\u2026");
  });
});

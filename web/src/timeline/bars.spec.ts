import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { HistogramSchema } from "../gen/mitmflow/v1/mitmflow_pb";
import { type Bars, barAt, barsOf, barsWords, countIn, heights, spanWords } from "./bars";

const fromMs = new Date(2026, 10, 28, 10, 0, 0).getTime();

const histogram = create(HistogramSchema, {
  from: timestampFromMs(fromMs),
  to: timestampFromMs(fromMs + 4 * 60_000),
  series: [
    { type: "http", statusClass: 2, counts: [1n, 5n, 0n, 2n] },
    { type: "http", statusClass: 4, counts: [0n, 1n, 0n, 0n] },
    { type: "http", statusClass: 5, counts: [0n, 2n, 0n, 0n] },
    { type: "dns", statusClass: 0, counts: [0n, 0n, 1n, 0n] },
    { type: "tcp", statusClass: 0, counts: [0n, 0n, 1n, 0n] },
  ],
});
const bars = barsOf(histogram, 4) as Bars;

describe("bars", () => {
  it("have the flows of every type, errors at the foot", () => {
    expect(bars.totals).toEqual([1, 8, 2, 2]);
    const [all, ...lower] = heights(bars);
    expect(all).toEqual(bars.totals);
    expect(lower.at(-1)).toEqual([0, 2, 0, 0]);
    expect(lower.at(-2)).toEqual([0, 3, 0, 0]);
  });

  it("are told in words", () => {
    const second = { fromMs: fromMs + 60_000, toMs: fromMs + 120_000 };
    expect(spanWords(bars, second, false)).toBe(
      "10:01\u201310:02: 8 flows, 3 with errors",
    );
    expect(barsWords(bars)).toBe(
      "13 flows, 3 of them with errors, from 2026-11-28 10:00:00.000 to " +
        "2026-11-28 10:04:00.000. Most of them 2026-11-28 10:01\u20132026-11-28 10:02: " +
        "8 flows, 3 with errors.",
    );
  });

  it("are found by time, also beyond both ends", () => {
    expect([-1, 0, 59_999, 60_000, 1e9].map((ms) => barAt(bars, fromMs + ms))).toEqual([
      0, 0, 0, 1, 3,
    ]);
    expect(countIn(bars, bars)).toEqual({ flows: 13, errors: 3 });
  });

  it("are not there without a span", () => {
    expect(barsOf(undefined, 4)).toBeNull();
    expect(barsOf(create(HistogramSchema, {}), 4)).toBeNull();
  });
});

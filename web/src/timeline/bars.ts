import { timestampMs } from "../connection/row";
import type { Histogram } from "../gen/mitmflow/v1/mitmflow_pb";
import type { Span } from "../summary/fetch";
import { formatClock, formatCount, formatDateTime, plural } from "../ui/format";

/* From below: what is wrong stands at the foot, where it is seen first. */
export const layers = [
  { name: "5xx", token: "--worse", classes: [5], isError: true },
  { name: "4xx", token: "--bad", classes: [4], isError: true },
  { name: "3xx", token: "--warn", classes: [3], isError: false },
  { name: "1xx", token: "--info", classes: [1], isError: false },
  { name: "other", token: "--ink-3", classes: [0], isError: false },
  { name: "2xx", token: "--good", classes: [2], isError: false },
] as const;

/* Counts of flows over time, in bars of equal width. */
export interface Bars {
  fromMs: number;
  toMs: number;
  widthMs: number;
  /* For each layer its counts. */
  counts: number[][];
  totals: number[];
}

export function barsOf(histogram: Histogram | undefined, count: number): Bars | null {
  const fromMs = timestampMs(histogram?.from);
  const toMs = timestampMs(histogram?.to);
  if (!histogram || toMs <= fromMs) return null;
  const counts = layers.map(() => new Array<number>(count).fill(0));
  const totals = new Array<number>(count).fill(0);
  for (const { statusClass, counts: told } of histogram.series) {
    const layer = layers.findIndex(({ classes }) =>
      (classes as readonly number[]).includes(statusClass),
    );
    const mine = counts[layer];
    told.slice(0, count).forEach((value, at) => {
      const n = Number(value);
      if (mine) mine[at] = (mine[at] ?? 0) + n;
      totals[at] = (totals[at] ?? 0) + n;
    });
  }
  return { fromMs, toMs, widthMs: (toMs - fromMs) / count, counts, totals };
}

/* How high each layer reaches, the highest first: so they can be drawn one over
 * the other. */
export function heights({ counts, totals }: Bars): number[][] {
  const sums = totals.map(() => 0);
  const rising = counts.map((layer) =>
    layer.map((value, at) => {
      sums[at] = (sums[at] ?? 0) + value;
      return sums[at] ?? 0;
    }),
  );
  return rising.reverse();
}

export function barAt(bars: Bars, ms: number): number {
  const at = Math.floor((ms - bars.fromMs) / bars.widthMs);
  return Math.max(0, Math.min(at, bars.totals.length - 1));
}

export function spanOfBars(bars: Bars, first: number, last: number): Span {
  const [low, high] = first < last ? [first, last] : [last, first];
  return {
    fromMs: bars.fromMs + low * bars.widthMs,
    toMs: bars.fromMs + (high + 1) * bars.widthMs,
  };
}

/* Flows, and those with an error, in a span; bars that it cuts count. */
export function countIn(bars: Bars, span: Span): { flows: number; errors: number } {
  const first = barAt(bars, span.fromMs);
  const last = barAt(bars, span.toMs - bars.widthMs / 2);
  let [flows, errors] = [0, 0];
  for (let at = first; at <= last; at++) {
    flows += bars.totals[at] ?? 0;
    layers.forEach(({ isError }, layer) => {
      if (isError) errors += bars.counts[layer]?.[at] ?? 0;
    });
  }
  return { flows, errors };
}

const secondsLength = ":00.000".length;

/* 10:02, 10:02:05 or 10:02:05.120, as fine as bars are; with the date where
 * the span is of several days. */
export function formatTime(ms: number, stepMs: number, withDate: boolean): string {
  const text = withDate ? formatDateTime(ms) : formatClock(ms);
  if (stepMs >= 60_000) return text.slice(0, -secondsLength);
  return stepMs >= 1000 ? text.slice(0, -".000".length) : text;
}

/* "10:02–10:05: 34 flows, 2 with errors" */
export function spanWords(bars: Bars, span: Span, withDate: boolean): string {
  const { flows, errors } = countIn(bars, span);
  const [from, to] = [span.fromMs, span.toMs].map((ms) =>
    formatTime(ms, bars.widthMs, withDate),
  );
  const wrong = errors > 0 ? `, ${formatCount(errors)} with errors` : "";
  return `${from}\u2013${to}: ${plural(flows, "flow")}${wrong}`;
}

/* What the whole timeline shows, for who does not see it. */
export function barsWords(bars: Bars): string {
  const { flows, errors } = countIn(bars, bars);
  if (flows === 0) return "No flows.";
  const top = bars.totals.indexOf(Math.max(...bars.totals));
  const most = spanWords(bars, spanOfBars(bars, top, top), true);
  const wrong = errors > 0 ? `, ${formatCount(errors)} of them with errors` : "";
  return (
    `${plural(flows, "flow")}${wrong}, from ${formatDateTime(bars.fromMs)} ` +
    `to ${formatDateTime(bars.toMs)}. Most of them ${most}.`
  );
}

import { timestampMs } from "../connection/row";
import type { Proxy as ProxyMessage } from "../gen/mitmflow/v1/mitmflow_pb";
import { countLost, type Loss } from "../losses/loss";
import { visibleLine } from "../ui/captured";
import { formatDuration, formatSecond, formatSize, plural } from "../ui/format";

/* How a proxy is doing; the word beside the colour says the same. */
export type Health = "well" | "behind" | "gone";

/* What the page shows of a proxy; texts are safe to draw. */
export interface ProxyState {
  /* Unique in the list. */
  key: string;
  /* As captured, for a filter; "": it has none. */
  source: string;
  name: string;
  versions: string;
  peer: string;
  transport: string;
  isConnected: boolean;
  sinceMs: number;
  seenMs: number;
  /* For each of the last 60 seconds, the newest last. */
  flows: readonly number[];
  bytes: readonly number[];
  /* null: no flow ended in the last minute. */
  lag: { p50: number; p95: number } | null;
  /* null: the exporter does not say. */
  waiting: { messages: number; spooled: number; spoolBytes: number } | null;
}

export function toProxy(message: ProxyMessage): ProxyState {
  const { exporterVersion, mitmproxyVersion, waiting } = message;
  const versions = [
    exporterVersion && `exporter ${exporterVersion}`,
    mitmproxyVersion && `mitmproxy ${mitmproxyVersion}`,
  ];
  const hasLag = message.lagSamples > 0;
  return {
    key: `${message.source} ${message.peer} ${timestampMs(message.since)}`,
    source: message.source,
    name: visibleLine(message.source) || "without a name",
    versions: visibleLine(versions.filter(Boolean).join(", ")),
    peer: visibleLine(message.peer),
    transport: visibleLine(message.transport),
    isConnected: message.connected,
    sinceMs: timestampMs(message.since),
    seenMs: timestampMs(message.lastSeen),
    flows: message.flows,
    bytes: message.bytes.map(Number),
    lag: hasLag ? { p50: message.lagP50Ms, p95: message.lagP95Ms } : null,
    waiting: waiting
      ? {
          messages: Number(waiting.messages),
          spooled: Number(waiting.spooled),
          spoolBytes: Number(waiting.spoolBytes),
        }
      : null,
  };
}

/* The mean of the last `seconds`. */
export function rateOf(values: readonly number[], seconds: number): number {
  const last = values.slice(-seconds);
  return last.reduce((sum, value) => sum + value, 0) / Math.max(1, last.length);
}

/* 38/s, 0.4/s, 0/s */
export function formatRate(rate: number): string {
  const digits = rate > 0 && rate < 9.95 ? 1 : 0;
  return `${rate.toFixed(digits)}/s`;
}

// Later than that is more than the way takes.
const lateMs = 5000;

export function healthOf({ isConnected, waiting, lag }: ProxyState): Health {
  if (!isConnected) return "gone";
  const isBehind = (waiting?.spooled ?? 0) > 0 || (lag?.p95 ?? 0) > lateMs;
  return isBehind ? "behind" : "well";
}

/* "Connected since 10:02:11", "Behind: ...", "Gone since 10:05:40" */
export function healthWords(proxy: ProxyState): string {
  const health = healthOf(proxy);
  if (health === "gone") return `Gone since ${formatSecond(proxy.seenMs)}`;
  if (health === "well") return `Connected since ${formatSecond(proxy.sinceMs)}`;
  const { spooled = 0 } = proxy.waiting ?? {};
  return spooled > 0 ? "Behind: it sends what waited" : "Behind: flows come late";
}

export function lagWords({ lag }: ProxyState): string {
  if (!lag) return "no flow ended lately";
  const one = (ms: number) => (ms < 0 ? `-${formatDuration(-ms)}` : formatDuration(ms));
  return `${one(lag.p50)}, p95 ${one(lag.p95)}`;
}

export function waitingWords({ waiting }: ProxyState): string {
  if (!waiting) return "not told";
  const { messages, spooled, spoolBytes } = waiting;
  if (messages + spooled === 0) return "nothing";
  const spool =
    spooled > 0
      ? `${plural(spooled, "message")} in its spool (${formatSize(spoolBytes)})`
      : "";
  const memory = messages > 0 ? `${plural(messages, "message")} in memory` : "";
  return [spool, memory].filter(Boolean).join(", ");
}

export function lostOf(proxy: ProxyState, losses: readonly Loss[]): number {
  return countLost(losses.filter(({ source }) => source === visibleLine(proxy.source)));
}

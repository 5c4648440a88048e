import { timestampMs } from "../connection/row";
import type { Loss as LossMessage } from "../gen/mitmflow/v1/mitmflow_pb";
import { visibleLine } from "../ui/captured";
import { dayOf, formatMinute, plural } from "../ui/format";

/* A report of flows that an exporter had to give up; texts are safe to draw. */
export interface Loss {
  number: number;
  source: string;
  count: number;
  fromMs: number;
  toMs: number;
  reason: string;
}

export function toLoss(message: LossMessage): Loss {
  return {
    number: Number(message.number),
    source: visibleLine(message.source),
    count: Number(message.count),
    fromMs: timestampMs(message.from),
    toMs: timestampMs(message.to),
    reason: visibleLine(message.reason),
  };
}

/* Those known already, and new ones; in order of number, each once. */
export function mergeLosses(known: readonly Loss[], more: readonly Loss[]): Loss[] {
  const byNumber = new Map([...known, ...more].map((loss) => [loss.number, loss]));
  return [...byNumber.values()].sort((a, b) => a.number - b.number);
}

export function countLost(losses: readonly Loss[]): number {
  return losses.reduce((sum, loss) => sum + loss.count, 0);
}

/* 10:02–10:05, or one time where both are the same. */
function span(fromMs: number, toMs: number): string {
  const [from, to] = [formatMinute(fromMs), formatMinute(toMs)];
  if (from === to) return from;
  return `${from}\u2013${dayOf(fromMs) === dayOf(toMs) ? to.slice(-5) : to}`;
}

function same<T>(values: readonly T[]): T | undefined {
  const [first] = values;
  return values.every((value) => value === first) ? first : undefined;
}

/* "the spool is full" as a badge has it: "spool full". */
function shortly(reason: string): string {
  return reason.replace(/^the (\w+) is /, "$1 ");
}

/* "12 flows lost 10:02–10:05, spool full"; of several reports, what they have
 * in common. */
export function lossWords(losses: readonly Loss[]): string {
  const times = span(
    Math.min(...losses.map((loss) => loss.fromMs)),
    Math.max(...losses.map((loss) => loss.toMs)),
  );
  const reason = same(losses.map((loss) => loss.reason));
  const words = `${plural(countLost(losses), "flow")} lost ${times}`;
  return reason ? `${words}, ${shortly(reason)}` : words;
}

import { readClause, timeClause } from "../filter/clause";
import { replaceClause } from "../filter/combine";
import { partsOf } from "../filter/syntax";
import type { Span } from "../summary/fetch";

/* The filter as it would be without its times: what the timeline counts. */
export function withoutTime(filter: string): string {
  return replaceClause(filter, "~time", "");
}

export function withTime(filter: string, span: Span): string {
  const { fromMs, toMs } = rounded(span);
  // The last moment that a time names is within: a whole second's, or ms's.
  const lastMs = toMs % 1000 === 0 ? toMs - 1000 : toMs - 1;
  return replaceClause(filter, "~time", timeClause(fromMs, Math.max(fromMs, lastMs)));
}

const units = [3_600_000, 60_000, 10_000, 1000, 100, 10, 1];

/* Outwards, to times that can be read: at most a fiftieth of the span more. */
export function rounded({ fromMs, toMs }: Span): Span {
  const unit = units.find((ms) => ms <= (toMs - fromMs) / 50) ?? 1;
  return {
    fromMs: Math.floor(fromMs / unit) * unit,
    toMs: Math.ceil(toMs / unit) * unit,
  };
}

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;

/* The span that a clause of withTime() asks for; null: the filter has none. */
export function timeOf(filter: string): Span | null {
  for (const { text } of partsOf(filter) ?? []) {
    const clause = readClause(text);
    const [choice] = clause?.choices ?? [];
    if (!choice || clause?.negated || clause?.choices.length !== 1) continue;
    if (choice.operator !== "~time") continue;
    const [from = "", to = "", rest] = choice.operand.split("..");
    if (rest !== undefined || !moment.test(from) || !moment.test(to)) return null;
    const tailMs = to.includes(".") ? 1 : 1000;
    return { fromMs: Date.parse(from), toMs: Date.parse(to) + tailMs };
  }
  return null;
}

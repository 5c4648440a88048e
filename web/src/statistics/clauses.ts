import { exactly, quoteOperand } from "../filter/clause";
import { replaceClause, withClause, withoutClause } from "../filter/combine";
import { FacetKind } from "../gen/mitmflow/v1/mitmflow_pb";

/* The operators that ask for a value of a facet: one clause takes the place of
 * all of them. */
const operators: Record<number, readonly string[]> = {
  [FacetKind.HOST]: ["~d"],
  [FacetKind.METHOD]: ["~m"],
  [FacetKind.FLOW_TYPE]: ["~http", "~dns", "~tcp", "~udp"],
  [FacetKind.STATUS]: ["~c"],
  [FacetKind.DEVICE]: ["~device"],
  [FacetKind.SOURCE]: ["~source"],
  [FacetKind.CONTENT_TYPE]: ["~t"],
};

/* What asks for the flows with this value of a facet. */
export function clauseOf(kind: FacetKind, value: string): string {
  const [operator = ""] = operators[kind] ?? [];
  if (kind === FacetKind.FLOW_TYPE) return `~${value}`;
  if (kind === FacetKind.STATUS) return `${operator} ${value}`;
  return `${operator} ${quoteOperand(exactly(value))}`;
}

export const errorClause = "(~e | ~c >=400)";

/* Answers that took so long, by the place of a doubling of microseconds. */
export function durationClause(doubling: number): string {
  const from = doubling === 0 ? 0 : 2 ** (doubling - 1);
  return `~dur ${from}us..${2 ** doubling}us`;
}

export function hasClause(filter: string, clause: string): boolean {
  return withClause(filter, clause) === filter;
}

/* The filter that also asks for this value, and for no other of its facet; or
 * without that, if it does so already. */
export function toggled(filter: string, kind: FacetKind, value: string): string {
  const clause = clauseOf(kind, value);
  if (hasClause(filter, clause)) return withoutClause(filter, clause);
  return replaceClause(filter, operators[kind] ?? [], clause);
}

export function toggledClause(filter: string, clause: string): string {
  return hasClause(filter, clause)
    ? withoutClause(filter, clause)
    : withClause(filter, clause);
}

import { FacetKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { quoteOperand } from "./clause";
import { withoutPart } from "./combine";
import type { Operator } from "./explain";
import { type FacetValue, uncounted } from "./facetValue";
import { type Token, tokensOf } from "./syntax";

/* What a completion puts in the place of the text from `from` to `to`. */
export interface Completion {
  /* As it is shown: an operator, a value, a whole filter. */
  label: string;
  /* Beside it: a meaning or a count. */
  detail: string;
  insert: string;
  from: number;
  to: number;
}

/* What stands at the caret: which completions fit there. */
export type Spot =
  | { kind: "start" }
  | { kind: "operator"; typed: string; from: number; to: number }
  | {
      kind: "operand";
      operator: string;
      typed: string;
      from: number;
      to: number;
      /* The filter without the clause that is being written. */
      rest: string;
    };

const facets: Record<string, FacetKind> = {
  "~d": FacetKind.HOST,
  "~u": FacetKind.HOST,
  "~m": FacetKind.METHOD,
  "~c": FacetKind.STATUS,
  "~t": FacetKind.CONTENT_TYPE,
  "~ts": FacetKind.CONTENT_TYPE,
  "~tq": FacetKind.CONTENT_TYPE,
  "~device": FacetKind.DEVICE,
  "~src": FacetKind.DEVICE,
  "~source": FacetKind.SOURCE,
};

/* What is no matter of what was captured. */
const fixed: Record<string, readonly [value: string, meaning: string][]> = {
  "~c": [
    ["2xx", "success"],
    ["3xx", "redirection"],
    ["4xx", "error of the client"],
    ["5xx", "error of the server"],
  ],
  "~time": [
    ["5m", "the last five minutes"],
    ["1h", "the last hour"],
    ["today", "since midnight"],
    ["yesterday", "the day before"],
  ],
  "~size": [
    [">100k", "more than 100 kB"],
    [">1M", "more than 1 MB"],
  ],
  "~dur": [
    [">200ms", "longer than that"],
    [">1s", "longer than a second"],
    [">10s", "longer than ten"],
  ],
};

export function facetFor(operator: string): FacetKind | undefined {
  return facets[operator];
}

/* null: nothing can be completed there. */
export function spotAt(text: string, caret: number): Spot | null {
  if (text.trim() === "") return { kind: "start" };
  const tokens = tokensOf(text.slice(0, caret));
  const last = tokens?.at(-1);
  if (!last) return null;
  const raw = text.slice(last.from, last.to);
  const isAtEnd = last.to === caret;
  if (last.kind === "operator") {
    // A letter that stands at the caret goes on with what is before it.
    if (isAtEnd) return { kind: "operator", typed: raw, from: last.from, to: caret };
    if (!last.operand) return null;
    return operandSpot(text, last, { from: caret, to: caret });
  }
  const operator = tokens?.at(-2);
  if (!last.operand || !operator || !isAtEnd || last.kind === "quoted") return null;
  return operandSpot(text, operator, last);
}

type Range = Pick<Token, "from" | "to">;

function operandSpot(text: string, operator: Range, operand: Range): Spot {
  return {
    kind: "operand",
    operator: text.slice(operator.from, operator.to),
    typed: text.slice(operand.from, operand.to),
    from: operand.from,
    to: operand.to,
    rest: withoutPart(text, operator.from),
  };
}

const most = 12;

/* Those that begin with what was typed, then those whose meaning has it. */
export function operatorsFor(
  spot: Extract<Spot, { kind: "operator" }>,
  operators: readonly Operator[],
): Completion[] {
  const word = spot.typed.slice(1).toLowerCase();
  const begins = operators.filter(({ name }) => name.startsWith(spot.typed));
  const means = operators.filter(
    (operator) =>
      word.length > 1 && operator.finds.includes(word) && !begins.includes(operator),
  );
  return [...begins, ...means].map(({ name, finds, takesOperand }) => ({
    label: name,
    detail: takesOperand ? `${finds} \u2026` : finds,
    insert: `${name} `,
    from: spot.from,
    to: spot.to,
  }));
}

/* A regular expression as a person would write it: a dot finds a dot, too. */
function patternOf(value: string): string {
  return value.replace(/[\\^$|?*+()[\]{}]/g, "\\$&");
}

export function valuesFor(
  spot: Extract<Spot, { kind: "operand" }>,
  found: readonly FacetValue[],
): Completion[] {
  const typed = spot.typed.replace(/\\/g, "").toLowerCase();
  const place = { from: spot.from, to: spot.to };
  const always = (fixed[spot.operator] ?? []).map(([value, meaning]) => ({
    label: value,
    detail: meaning,
    insert: `${value} `,
    ...place,
  }));
  const captured = found.map(({ value, count }) => ({
    label: value,
    detail: count === uncounted ? "" : count.toLocaleString("en-US"),
    insert: `${quoteOperand(patternOf(value))} `,
    ...place,
  }));
  const fits = (needle: (label: string) => boolean) =>
    [...captured, ...always].filter(({ label }) => needle(label.toLowerCase()));
  const begins = fits((label) => label.startsWith(typed));
  const holds = fits((label) => label.includes(typed) && !label.startsWith(typed));
  const all = [...begins, ...holds].slice(0, most);
  // What is there already needs no completing.
  return all.length === 1 && all[0]?.label.toLowerCase() === typed ? [] : all;
}

/* Filters used before, the newest first. */
export function historyFor(used: readonly string[], length: number): Completion[] {
  return used.slice(0, 6).map((filter) => ({
    label: filter,
    detail: "used before",
    insert: filter,
    from: 0,
    to: length,
  }));
}

import { tokensOf } from "./syntax";

/* One condition: an operator and what it looks for. */
export interface Choice {
  /* With its ~: "~d". */
  operator: string;
  /* Without quotes; "" for an operator that takes none. */
  operand: string;
}

/* `~d a`, `!~d a`, `(~d a | ~m b)`, `!(~d a | ~d b)`. */
export interface Clause {
  negated: boolean;
  choices: readonly Choice[];
}

const special = /[\\^$.|?*+()[\]{}]/g;

/* A regular expression that finds `text` and nothing longer. */
export function exactly(text: string): string {
  return `^${text.replace(special, "\\$&")}$`;
}

/* The text that an expression of exactly() finds; null: it is another one. */
export function exactText(pattern: string): string | null {
  if (!pattern.startsWith("^") || !pattern.endsWith("$")) return null;
  const inner = pattern.slice(1, -1);
  const text = inner.replace(/\\([^A-Za-z0-9])/g, "$1");
  return exactly(text) === pattern ? text : null;
}

/* `operand` as it is written in an expression. */
export function quoteOperand(operand: string): string {
  if (/^[^ \n\t\r()~'"]+$/.test(operand)) return operand;
  const escapes: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return `"${operand.replace(/[\\"]/g, "\\$&").replace(/[\n\r\t]/g, (char) => escapes[char] ?? "")}"`;
}

function unquote(raw: string): string {
  if (!/^["']/.test(raw)) return raw;
  const escapes: Record<string, string> = { t: "\t", n: "\n", f: "\f", r: "\r" };
  return raw
    .slice(1, -1)
    .replace(/\\([\s\S])/g, (_, char: string) => escapes[char] ?? char);
}

export function writeChoice({ operator, operand }: Choice): string {
  return operand === "" ? operator : `${operator} ${quoteOperand(operand)}`;
}

/* "" if there are no choices. */
export function writeClause({ negated, choices }: Clause): string {
  const texts = choices.map(writeChoice);
  const one = texts.length > 1 ? `(${texts.join(" | ")})` : (texts[0] ?? "");
  return one && negated ? `!${one}` : one;
}

/* null: it is not of one of the forms that a Clause has. */
export function readClause(text: string): Clause | null {
  const tokens = tokensOf(text);
  if (!tokens) return null;
  const raw = tokens.map(({ from, to }) => text.slice(from, to));
  let first = 0;
  let last = tokens.length - 1;
  let negated = false;
  for (; raw[first] === "!"; first++) negated = !negated;
  // !a | b is not a clause, and neither is (a) | (b).
  const isBare = tokens[first]?.kind !== "open";
  if (!isBare && tokens[last]?.kind !== "close") return null;
  if (!isBare) [first, last] = [first + 1, last - 1];
  const choices: Choice[] = [];
  for (let at = first; at <= last; at++) {
    const token = tokens[at];
    if (at > first) {
      if (token?.kind !== "sign" || !/^\|/.test(raw[at] ?? "") || (isBare && negated))
        return null;
      at++;
    }
    const operator = tokens[at];
    if (operator?.kind !== "operator") return null;
    const choice = { operator: raw[at] ?? "", operand: "" };
    if (operator.operand) {
      if (!tokens[at + 1]?.operand) return null;
      choice.operand = unquote(raw[++at] ?? "");
    }
    choices.push(choice);
  }
  return choices.length > 0 ? { negated, choices } : null;
}

/* Clauses that ask for, or hide, flows whose `operator` is one of `values`. */
export function onlyThese(operator: string, ...values: string[]): string {
  return writeClause({ negated: false, choices: exactChoices(operator, values) });
}

export function noneOf(operator: string, ...values: string[]): string {
  return writeClause({ negated: true, choices: exactChoices(operator, values) });
}

function exactChoices(operator: string, values: readonly string[]): Choice[] {
  return values.map((value) => ({ operator, operand: exactly(value) }));
}

/* The flows that began in a span of time, both ends in ms since the epoch. */
export function timeClause(fromMs: number, toMs: number): string {
  const iso = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");
  return `~time ${iso(fromMs)}..${iso(toMs)}`;
}

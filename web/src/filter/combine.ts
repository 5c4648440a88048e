/*
 * A filter and a clause of it: a part that all flows must match, such as
 * `~d ^api\.example$`, `!~m ^GET$` or `(~c 4xx | ~c 5xx)`. All that else
 * stands in the filter stays as its reader wrote it. A filter whose
 * parentheses or quotes do not match gets clauses at its end and loses none.
 */
import { type Clause, readClause } from "./clause";
import { type Part, partsOf } from "./syntax";

function joined(parts: readonly Part[]): string {
  return parts
    .map(({ text, joint }, at) => (at === 0 ? text : joint + text))
    .join("")
    .trim();
}

/* `clause` as one part, whatever stands beside it. */
function partOf(clause: string): Part {
  const text = clause.trim();
  const isChoice = partsOf(text)?.some((part) => part.isChoice) === true;
  const whole = isChoice ? `(${text})` : text;
  return { text: whole, from: 0, to: whole.length, joint: " ", isChoice: false };
}

/* The filter that also asks for `clause`; as it is if it does already. */
export function withClause(filter: string, clause: string): string {
  const parts = partsOf(filter);
  if (!parts) return `${filter.trim()} ${clause.trim()}`;
  const added = partOf(clause);
  if (added.text === "" || parts.some(({ text }) => text === added.text)) return filter;
  return joined([...parts, added]);
}

/* The filter without `clause`, wherever it stands as a part by itself. */
export function withoutClause(filter: string, clause: string): string {
  const parts = partsOf(filter);
  const gone = clause.trim();
  return parts ? joined(parts.filter(({ text }) => text !== gone)) : filter;
}

/*
 * The filter with `clause` in the place of all clauses of `operator` ("~d",
 * or several that are alternatives, such as "~http" and "~dns"), also of
 * negated ones. An empty clause only takes them away.
 */
export function replaceClause(
  filter: string,
  operator: string | readonly string[],
  clause: string,
): string {
  const parts = partsOf(filter);
  if (!parts) return clause ? withClause(filter, clause) : filter;
  const operators = typeof operator === "string" ? [operator] : operator;
  const isOld = (part: Part) =>
    readClause(part.text)?.choices.every((choice) =>
      operators.includes(choice.operator),
    ) === true;
  const at = parts.findIndex(isOld);
  if (at < 0) return clause ? withClause(filter, clause) : filter;
  const put = { ...partOf(clause), joint: parts[at]?.joint ?? " " };
  const rest = parts.flatMap((part, index) =>
    index === at && clause ? [put] : isOld(part) ? [] : [part],
  );
  return joined(rest);
}

/* The filter without the part that `at` (counted in characters) is in. */
export function withoutPart(filter: string, at: number): string {
  const parts = partsOf(filter);
  return parts ? joined(parts.filter(({ from, to }) => at < from || at > to)) : "";
}

/* What the filter asks of `operators`, each clause as a part by itself. */
export function clausesOf(filter: string, operators: readonly string[]): Clause[] {
  return (partsOf(filter) ?? []).flatMap(({ text }) => {
    const clause = readClause(text);
    const isOfThem = clause?.choices.every(({ operator }) =>
      operators.includes(operator),
    );
    return clause && isOfThem ? [clause] : [];
  });
}

/*
 * As much of the filter language (docs/filters.md) as it takes to find where
 * the parts of an expression end. What they mean is the server's to say.
 */

/* Operators that a word follows; `>` and what comes after it are one word of
 * those in `valued`, which end at signs too. */
const patterned = new Set(
  "b bq bs comment d device dst h hq hs id m marker meta note source src t tq ts u".split(
    " ",
  ),
);
const valued = new Set(["c", "dur", "size", "time"]);

export type Kind = "operator" | "word" | "quoted" | "sign" | "open" | "close";

export interface Token {
  kind: Kind;
  from: number;
  to: number;
  /* An operator: a word must follow. A word: it does so. */
  operand: boolean;
}

const blanks = /[ \n\t\r]*/y;
const name = /~[A-Za-z0-9]*/y;
const plain = /[^ \n\t\r()~'"]*/y;
const plainToSign = /[^ \n\t\r()~'"&|!]*/y;
const quotes = /"(?:\\[\s\S]|[^"\\\n\r])*"|'(?:\\[\s\S]|[^'\\\n\r])*'/y;

class Scanner {
  at = 0;
  readonly tokens: Token[] = [];

  constructor(readonly text: string) {}

  take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const [found = ""] = pattern.exec(this.text) ?? [];
    this.at += found.length;
    return found;
  }

  put(kind: Kind, from: number, operand = false): void {
    this.tokens.push({ kind, from, to: this.at, operand });
  }
}

function takeWord(scanner: Scanner, operand: boolean, toSign: boolean): void {
  scanner.take(blanks);
  const from = scanner.at;
  if (scanner.take(quotes)) return scanner.put("quoted", from, operand);
  const pattern = toSign ? plainToSign : plain;
  const word = scanner.take(pattern);
  if (toSign && /[<>=]$/.test(word)) {
    const end = scanner.at;
    scanner.take(blanks);
    if (!scanner.take(pattern)) scanner.at = end;
  }
  if (scanner.at > from) scanner.put("word", from, operand);
}

/* The tokens of `text`; null: a quote is not closed. */
export function tokensOf(text: string): Token[] | null {
  const scanner = new Scanner(text);
  let joins = false; // an operand came before: & and | join
  for (scanner.take(blanks); scanner.at < text.length; scanner.take(blanks)) {
    const from = scanner.at;
    const char = text[from] ?? "";
    const sign = char === "!" || (joins && /[&|]/.test(char));
    if (sign || char === "(" || char === ")") {
      scanner.at += sign && char !== "!" && text[from + 1] === char ? 2 : 1;
      scanner.put(char === "(" ? "open" : char === ")" ? "close" : "sign", from);
      joins = char === ")";
      continue;
    }
    joins = true;
    if (char !== "~") takeWord(scanner, false, false);
    else {
      const operator = scanner.take(name).slice(1);
      const operand = patterned.has(operator) || valued.has(operator);
      scanner.put("operator", from, operand);
      if (operand) takeWord(scanner, true, valued.has(operator));
    }
    if (scanner.at === from) return null;
  }
  return scanner.tokens;
}

/* A part of an expression that all flows must match. */
export interface Part {
  text: string;
  from: number;
  to: number;
  /* How it is joined to the one before: " " or " & ". */
  joint: string;
  /* It has a | outside of parentheses. */
  isChoice: boolean;
}

/*
 * What stands side by side, or between &, outside of parentheses; where there
 * is a | as well, all that it reaches is one part. null: parentheses or
 * quotes do not match.
 */
export function partsOf(text: string): Part[] | null {
  const tokens = tokensOf(text);
  if (!tokens) return null;
  // A row of operands with signs between them, as [from, to] and the sign.
  const rows: { from: number; to: number; sign: string }[][] = [];
  let depth = 0;
  let sign = "";
  let negated: number | null = null;
  for (const token of tokens) {
    const raw = text.slice(token.from, token.to);
    const row = rows.at(-1);
    const last = row?.at(-1);
    if (token.kind === "close" && --depth < 0) return null;
    if (last && (depth > 0 || token.kind === "close" || isOperandOf(token))) {
      last.to = token.to;
    } else if (token.kind === "sign" && raw === "!") {
      negated ??= token.from;
    } else if (token.kind === "sign") {
      if (!row || negated !== null) return null;
      sign = raw[0] ?? "";
    } else {
      const operand = { from: negated ?? token.from, to: token.to, sign };
      if (sign && row) row.push(operand);
      else rows.push([operand]);
      sign = "";
      negated = null;
    }
    if (token.kind === "open") depth++;
  }
  if (depth > 0 || sign || negated !== null) return null;
  return rows.flatMap((row) => {
    const [first] = row;
    const last = row.at(-1);
    if (!first || !last) return [];
    const isChoice = row.some((operand) => operand.sign === "|");
    const whole = isChoice ? [{ ...first, to: last.to }] : row;
    return whole.map(({ from, to, sign: before }) => ({
      text: text.slice(from, to),
      from,
      to,
      joint: before === "&" ? " & " : " ",
      isChoice,
    }));
  });
}

function isOperandOf(token: Token): boolean {
  return token.operand && token.kind !== "operator";
}

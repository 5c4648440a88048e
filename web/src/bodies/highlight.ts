export interface Token {
  text: string;
  kind: "" | "key" | "string" | "number" | "word";
}

const token = /("(?:[^"\\]|\\.)*"?)(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)/g;

/* Colours for one line of JSON; their texts together are the line. */
export function jsonTokens(line: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (const match of line.matchAll(token)) {
    if (match.index > at) tokens.push({ text: line.slice(at, match.index), kind: "" });
    const [text, string, colon, number] = match;
    if (string !== undefined) {
      tokens.push({ text: string, kind: colon === undefined ? "string" : "key" });
      if (colon !== undefined) tokens.push({ text: colon, kind: "" });
    } else {
      tokens.push({ text, kind: number === undefined ? "word" : "number" });
    }
    at = match.index + text.length;
  }
  if (at < line.length) tokens.push({ text: line.slice(at), kind: "" });
  return tokens;
}

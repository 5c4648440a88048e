import type { Fault } from "./fault";

export type InkKind = "operator" | "word" | "regex" | "value" | "connective" | "paren";

/* A piece of the filter in one colour; "": the server has not said of it. */
export interface Ink {
  text: string;
  kind: InkKind | "";
}

/* What the server understands of a filter. */
export interface Explanation {
  filter: string;
  /* In order, together the whole filter. */
  ink: readonly Ink[];
  /* "Flows where the host matches x"; "" with a fault. */
  words: string;
  fault: Fault | null;
}

/* In UTF-8 bytes, as the server counts. */
export interface Place {
  kind: InkKind;
  position: number;
  length: number;
}

/* The filter cut at its tokens. */
export function inkOf(filter: string, tokens: readonly Place[]): Ink[] {
  const bytes = new TextEncoder().encode(filter);
  const decoder = new TextDecoder();
  const ink: Ink[] = [];
  let at = 0;
  const put = (to: number, kind: Ink["kind"]) => {
    if (to > at) ink.push({ text: decoder.decode(bytes.subarray(at, to)), kind });
    at = Math.max(at, to);
  };
  for (const { kind, position, length } of tokens) {
    put(position, "");
    put(position + length, kind);
  }
  put(bytes.length, "");
  return ink;
}

/*
 * The ink of `filter` while the newest explanation is of an older one: what
 * begins alike keeps its colours, the rest waits for them.
 */
export function inkUntilNow(filter: string, known: Explanation | null): readonly Ink[] {
  if (known?.filter === filter) return known.ink;
  const ink: Ink[] = [];
  let at = 0;
  for (const piece of known?.ink ?? []) {
    if (!filter.startsWith(piece.text, at)) break;
    ink.push(piece);
    at += piece.text.length;
  }
  if (at < filter.length) ink.push({ text: filter.slice(at), kind: "" });
  return ink;
}

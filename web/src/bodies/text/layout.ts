import { JsonIndenter } from "./json";
import { type Batch, type Fold, type Splitter, TextSplitter } from "./lines";

/* How a text is to be laid out. */
export interface Job {
  bytes: Uint8Array;
  charset: string;
  style: Style;
}

/* As it is, or indented anew as what it is. */
export type Style = "plain" | "json" | "html" | "xml" | "css" | "javascript";

export interface End {
  folds: Fold[];
}

const stepLen = 32 * 1024;

function splitterOf(style: Style): Splitter {
  return style === "json" ? new JsonIndenter() : new TextSplitter();
}

/* Lays a text out batch by batch; what it gives back is known at its end. */
export function* layOut({ bytes, charset, style }: Job): Generator<Batch, End> {
  const splitter = splitterOf(style);
  const decoder = new TextDecoder(charset);
  for (let at = 0; at < bytes.length || at === 0; at += stepLen) {
    const isLast = at + stepLen >= bytes.length;
    const chunk = bytes.subarray(at, at + stepLen);
    splitter.push(decoder.decode(chunk, { stream: !isLast }));
    if (splitter.out.isFull) yield splitter.out.take();
  }
  splitter.end();
  yield splitter.out.take();
  return { folds: splitter.folds };
}

/* A text that was indented by somebody else. */
export function* layOutText(text: string): Generator<Batch, End> {
  const splitter = new TextSplitter();
  for (let at = 0; at < text.length; at += stepLen) {
    splitter.push(text.slice(at, at + stepLen));
    if (splitter.out.isFull) yield splitter.out.take();
  }
  splitter.end();
  yield splitter.out.take();
  return { folds: [] };
}

import { useEffect, useMemo, useReducer, useRef } from "react";
import { JsonIndenter, type Line, LineReader, TextSplitter } from "./lines";

// At once, so that a short body is there in the first frame; then in turns.
const firstMs = 12;
const turnMs = 8;
// Drawing takes longer the more lines there are: so it comes ever less often.
const redrawMs = 100;

interface Lines {
  lines: readonly Line[];
  done: boolean;
}

/* Whether `a` is the beginning of `b`, as the part shown of a body is. */
function begins(a: Uint8Array, b: Uint8Array): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length <= b.length;
}

/* The lines of a body; more of them come while it is read. */
export function useLines(bytes: Uint8Array, charset: string, pretty: boolean): Lines {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const shown = useRef<{ bytes: Uint8Array; lines: readonly Line[] } | null>(null);
  const reader = useMemo(() => {
    const splitter = pretty ? new JsonIndenter() : new TextSplitter();
    const made = new LineReader(bytes, charset, splitter);
    made.work(firstMs);
    return made;
  }, [bytes, charset, pretty]);

  useEffect(() => {
    if (reader.done) return;
    let timer: ReturnType<typeof setTimeout>;
    let drawnAt = 0;
    let pause = redrawMs;
    const turn = () => {
      if (!reader.work(turnMs)) timer = setTimeout(turn, 0);
      if (!reader.done && performance.now() - drawnAt < pause) return;
      drawnAt = performance.now();
      pause *= 2;
      redraw();
    };
    timer = setTimeout(turn, 0);
    return () => clearTimeout(timer);
  }, [reader]);

  // What is shown stays until as much of the whole body is there.
  const before = shown.current;
  const growing = before && begins(before.bytes, bytes) && !reader.done;
  if (growing && before.lines.length > reader.lines.length) {
    return { lines: before.lines, done: false };
  }
  shown.current = { bytes, lines: reader.lines };
  return { lines: reader.lines, done: reader.done };
}

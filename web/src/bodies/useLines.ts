import { useEffect, useMemo, useReducer } from "react";
import { JsonIndenter, type Line, LineReader, TextSplitter } from "./lines";

// At once, so that a short body is there in the first frame; then in turns.
const firstMs = 12;
const turnMs = 8;

interface Lines {
  lines: readonly Line[];
  done: boolean;
}

/* The lines of a body; more of them come while it is read. */
export function useLines(bytes: Uint8Array, charset: string, pretty: boolean): Lines {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const reader = useMemo(() => {
    const splitter = pretty ? new JsonIndenter() : new TextSplitter();
    const made = new LineReader(bytes, charset, splitter);
    made.work(firstMs);
    return made;
  }, [bytes, charset, pretty]);

  useEffect(() => {
    if (reader.done) return;
    let timer: ReturnType<typeof setTimeout>;
    const turn = () => {
      if (!reader.work(turnMs)) timer = setTimeout(turn, 0);
      redraw();
    };
    timer = setTimeout(turn, 0);
    return () => clearTimeout(timer);
  }, [reader]);

  return { lines: reader.lines, done: reader.done };
}

import { useEffect, useState } from "react";
import { explain } from "./explain";
import type { Explanation } from "./explanation";

/* A pause in typing, after which the server is asked: it answers sooner than
 * one types, and what it was asked before ends with the next letter. */
export const pauseMs = 5;

const nothing: Explanation = { filter: "", ink: [], words: "", fault: null };

/* What the server understands of `filter`, or of what it was a moment ago. */
export function useExplanation(filter: string): Explanation | null {
  const [known, setKnown] = useState<Explanation | null>(null);
  useEffect(() => {
    if (filter.trim() === "") return setKnown({ ...nothing, filter });
    const gone = new AbortController();
    const timer = setTimeout(() => {
      // Without an answer the box is an ordinary one.
      explain(filter, gone.signal).then(setKnown, () => {});
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [filter]);
  return known;
}

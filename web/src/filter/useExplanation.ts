import { useEffect, useState } from "react";
import { explain } from "./explain";
import type { Explanation } from "./explanation";

// A pause in typing; the answer itself takes a millisecond or two.
const pauseMs = 60;

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

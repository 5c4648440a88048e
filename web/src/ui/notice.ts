import { useCallback, useEffect, useState } from "react";
import { wordsOf } from "../wire/failure";

export interface Notice {
  text: string;
  bad: boolean;
}

/* Says something in passing: a text, or why something failed. */
export type Say = (what: unknown) => void;

const shownMs = 5000;

export function useNotice(): { notice: Notice | null; say: Say } {
  const [notice, setNotice] = useState<Notice | null>(null);
  const say = useCallback((what: unknown) => {
    const text = typeof what === "string" ? what : wordsOf(what);
    setNotice({ text, bad: typeof what !== "string" });
  }, []);
  useEffect(() => {
    if (!notice) return;
    const timer = setTimeout(() => setNotice(null), shownMs);
    return () => clearTimeout(timer);
  }, [notice]);
  return { notice, say };
}

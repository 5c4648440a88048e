import { useEffect, useMemo, useReducer, useState } from "react";
import { api } from "../connection/api";
import { type FetchMessages, MessageStore } from "./MessageStore";
import { everything, searchMessages, type Wanted } from "./search";

function fetchOf(number: number): FetchMessages {
  return ({ first, limit }, signal) =>
    api.getMessages(
      { number: BigInt(number), firstIndex: BigInt(first), limit },
      { signal },
    );
}

/* The messages of a flow, by number as far as they are looked at. */
export function useMessages(number: number) {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [error, setError] = useState<unknown>(null);
  const store = useMemo(
    () => new MessageStore(fetchOf(number), redraw, setError),
    [number],
  );
  useEffect(() => () => store.stop(), [store]);
  return { store, error };
}

export interface Matches {
  /* Null: all of them. */
  found: number[] | null;
  /* How far the search has come. */
  upTo: number;
}

/* Which of `count` messages are wanted; those that come later are looked at too. */
export function useMatches(number: number, count: number, wanted: Wanted): Matches {
  const { text, direction } = wanted;
  const isAll = text === everything.text && direction === everything.direction;
  const [matches, setMatches] = useState<Matches>({ found: null, upTo: 0 });
  useEffect(() => {
    if (isAll) {
      setMatches({ found: null, upTo: 0 });
      return;
    }
    const abort = new AbortController();
    // A reader who types is not answered letter by letter.
    const timer = setTimeout(() => {
      searchMessages(
        fetchOf(number),
        { text, direction },
        { from: 0, count },
        (found, upTo) => setMatches({ found, upTo }),
        abort.signal,
      ).catch(() => {});
    }, 120);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [number, count, text, direction, isAll]);
  return isAll ? { found: null, upTo: count } : matches;
}

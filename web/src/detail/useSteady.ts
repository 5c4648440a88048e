import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Row } from "../connection/row";
import { type Opening, openingOf } from "./opening";

/* A flow, and what the list tells of it. */
interface Open {
  number: number | null;
  row: Row | undefined;
}

// A reader who waits longer wants to see that it is on its way.
const patienceMs = 120;

/*
 * The flow to show: the one before, as it was, until all that is seen first
 * of flow `number` is here, which `open` begins to get.
 */
export function useSteady(
  number: number | null,
  row: Row | undefined,
  open: (row: Row) => Opening,
): Open {
  const [settled, setSettled] = useState<number | null>(null);
  const latest = useRef({ row, open });
  latest.current = { row, open };
  const before = useRef<Open>({ number: null, row: undefined });

  useLayoutEffect(() => {
    const { row, open } = latest.current;
    const opening = number !== null && row ? open(row) : null;
    if (!opening || opening.isReady) return setSettled(number);
    let isWanted = true;
    const settle = () => isWanted && setSettled(number);
    void opening.ready.then(settle);
    const timer = setTimeout(settle, patienceMs);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [number]);

  const isHere =
    number === null || settled === number || openingOf(number)?.isReady === true;
  const shown = isHere ? { number, row } : before.current;
  useEffect(() => {
    before.current = shown;
  });
  return shown;
}

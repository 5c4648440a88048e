import { useEffect, useMemo, useReducer, useRef } from "react";
import type { Row } from "../connection/row";
import type { Span } from "./cells";
import { spanOf } from "./span";

// All bars move with the span: while flows come fast, no more often than that.
const restMs = 250;

const none: Span = { from: 0, to: 1 };

/* The time that the waterfall of these rows stands for. */
export function useSpan(rows: readonly (Row | undefined)[], isShown: boolean): Span {
  const { from, to } = isShown ? spanOf(rows) : none;
  const wanted = useMemo(() => ({ from, to }), [from, to]);
  const held = useRef({ span: wanted, sinceMs: Number.NEGATIVE_INFINITY });
  const [, again] = useReducer((count: number) => count + 1, 0);
  const nowMs = performance.now();
  const isDue = nowMs - held.current.sinceMs >= restMs;
  if (wanted !== held.current.span && isDue)
    held.current = { span: wanted, sinceMs: nowMs };
  const { span, sinceMs } = held.current;
  const isBehind = wanted !== span;

  useEffect(() => {
    if (!isBehind) return;
    const timer = setTimeout(again, sinceMs + restMs - performance.now());
    return () => clearTimeout(timer);
  }, [isBehind, sinceMs]);
  return span;
}

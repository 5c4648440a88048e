import { type RefObject, useLayoutEffect, useRef } from "react";
import type { Row } from "../connection/row";
import type { Drawn } from "./elements";
import { Tints } from "./tints";

/*
 * Tints the elements of rows that are new. No animation runs before a tint
 * fades: while flows come fast, rows are out of view by then.
 */
export function useTints(
  sheet: RefObject<HTMLElement | null>,
  drawn: readonly Drawn[],
  rows: readonly (Row | undefined)[],
): void {
  const tints = useRef<Tints>(null);
  tints.current ??= new Tints();
  const known = tints.current;

  useLayoutEffect(() => {
    const elements = sheet.current?.children ?? [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const paint = () => {
      const now = known.of(rows, Date.now());
      drawn.forEach(({ place }, at) => {
        const element = elements[at];
        const tint = now[place] ?? "";
        if (element instanceof HTMLElement && (element.dataset.tint ?? "") !== tint)
          element.dataset.tint = tint;
      });
      const waitMs = known.changesInMs(Date.now());
      if (waitMs !== null) timer = setTimeout(paint, waitMs);
    };
    paint();
    return () => clearTimeout(timer);
  });
}

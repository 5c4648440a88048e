import { useEffect, useRef } from "react";
import type { Row } from "../connection/row";
import { useLive } from "../store/hooks";
import { rowOf } from "../store/listing";

/*
 * Hands over the flow on which the mouse is pressed: a click follows, some
 * 80 ms later. Fingers scroll more often than they open.
 */
export function usePressed(take: (row: Row) => void): void {
  const { store } = useLive();
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const pressed = (event: PointerEvent) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      if (event.ctrlKey || event.shiftKey || event.metaKey) return;
      const element = (event.target as Element).closest("[role=row][data-number]");
      if (!element) return;
      const number = Number(element.getAttribute("data-number"));
      const row = rowOf(store.getView().listing, number);
      if (row) latest.current(row);
    };
    addEventListener("pointerdown", pressed);
    return () => removeEventListener("pointerdown", pressed);
  }, [store]);
}

import { type RefObject, useLayoutEffect } from "react";

/* What had the focus in a list that went: its label. */
let label: string | null = null;

/* The next list has the focus, if nothing else has it by then. */
export function focusNextList(): void {
  label = "";
}

/*
 * Another order is another list, and so is one that comes after an empty one:
 * it takes over the focus of the one before, of the grid itself or of a control
 * in its head.
 */
export function useKeptFocus(grid: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const el = grid.current;
    if (!el) return;
    if (label !== null && document.activeElement === document.body) {
      const same = `[aria-label="${CSS.escape(label)}"]`;
      const control = el.querySelector<HTMLElement>(same) ?? el;
      control.focus({ preventScroll: true });
    }
    label = null;
    return () => {
      const { activeElement } = document;
      label = el.contains(activeElement)
        ? (activeElement?.getAttribute("aria-label") ?? "")
        : null;
    };
  }, [grid]);
}

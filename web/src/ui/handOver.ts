import { type RefCallback, useCallback, useRef } from "react";
import { flushSync } from "react-dom";

/*
 * Where the focus goes from a control that is gone once it was used: a browser
 * would drop it, and who reads by keys would begin again at the top.
 */

/* Draws more of `list`; the first control of what came has the focus. */
export function showMore(list: Element | null, show: () => void): void {
  const before = list?.children.length ?? 0;
  flushSync(show);
  list?.children[before]?.querySelector("button")?.focus();
}

/* A ref for what is drawn in the place of the control. */
export function takeFocus(el: HTMLElement | null): void {
  el?.focus({ preventScroll: true });
}

/* A ref for a control that goes by itself: if it has the focus then, `next`
 * gives that to something else. */
export function useHandOver(next: () => void): RefCallback<HTMLElement> {
  const latest = useRef(next);
  latest.current = next;
  return useCallback(
    (el) => () => {
      if (document.activeElement === el) latest.current();
    },
    [],
  );
}

/* A ref for a control that goes and comes again: it has the focus then that it
 * had, unless something else has it. */
export function useReturning(): RefCallback<HTMLElement> {
  const hadFocus = useRef(false);
  return useCallback((el) => {
    if (hadFocus.current && document.activeElement === document.body) takeFocus(el);
    return () => {
      hadFocus.current = document.activeElement === el;
    };
  }, []);
}

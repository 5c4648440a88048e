import { type RefObject, useLayoutEffect, useState } from "react";

/* The width of an element in pixels, kept up to date while it is there; `guess`:
   until it is measured. */
export function useWidth(
  ref: RefObject<HTMLElement | null>,
  isThere = true,
  guess = innerWidth,
): number {
  const [width, setWidth] = useState(guess);
  useLayoutEffect(() => {
    const el = ref.current;
    if (!el || !isThere) return;
    // Called for the first time before the next frame is painted.
    const observer = new ResizeObserver(() => setWidth(el.clientWidth));
    observer.observe(el);
    return () => observer.disconnect();
  }, [ref, isThere]);
  return width;
}

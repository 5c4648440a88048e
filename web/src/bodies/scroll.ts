import {
  createContext,
  type RefObject,
  useContext,
  useLayoutEffect,
  useState,
} from "react";

/* The element that scrolls what is drawn; long content is drawn in parts. */
export const ScrollContext = createContext<RefObject<HTMLElement | null>>({
  current: null,
});

export function useScroller(): RefObject<HTMLElement | null> {
  return useContext(ScrollContext);
}

/*
 * How far `element` stands below the top of what the scroller holds. It
 * moves when something above it grows, which the scroller's content shows.
 */
export function useScrollMargin(element: RefObject<HTMLElement | null>): number {
  const scroller = useScroller();
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const measure = () => {
      const [el, parent] = [element.current, scroller.current];
      if (!el || !parent) return;
      const top = el.getBoundingClientRect().top - parent.getBoundingClientRect().top;
      setMargin(Math.round(top + parent.scrollTop));
    };
    measure();
    const observer = new ResizeObserver(measure);
    if (scroller.current) observer.observe(scroller.current);
    for (const child of scroller.current?.children ?? []) observer.observe(child);
    return () => observer.disconnect();
  }, [element, scroller]);
  return margin;
}

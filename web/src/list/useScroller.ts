import {
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useReducer,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import { ScrollMap } from "./scrollMap";

// What stands above the list, and its head.
const abovePx = 188;
// Nobody scrolls any more.
const restMs = 140;
// While flows come, the element follows `map` no more often than that: each
// time all that scrolls is laid out.
const stepMs = 200;

export interface Scroller {
  map: ScrollMap;
  isScrolling: boolean;
  /* Draw after `map` was moved. */
  draw(): void;
  /* `moved` is called when `map` has followed, before it is drawn. */
  onScroll(moved: () => void): void;
}

/*
 * A ScrollMap and the element that stands for it. What is seen stands still
 * in the element (it is sticky) and is drawn for each step, so that there is
 * never a blank part, however fast one scrolls.
 */
export function useScroller(
  scroller: RefObject<HTMLElement | null>,
  headPx: number,
): Scroller {
  const map = useRef<ScrollMap>(null);
  if (!map.current) {
    map.current = new ScrollMap();
    // About so much, or nothing could be drawn before it is measured.
    map.current.view = Math.max(0, innerHeight - abovePx);
  }
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const [isScrolling, setScrolling] = useState(false);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  const step = useRef<ReturnType<typeof setTimeout>>(undefined);

  const putInStep = useCallback(() => {
    const el = scroller.current;
    if (!el || !map.current || map.current.isInStep) return;
    el.scrollTop = map.current.scrollTop;
    map.current.settled(el.scrollTop);
  }, [scroller]);

  const onScroll = (moved: () => void) => {
    const el = scroller.current;
    if (!el || !map.current || map.current.isStill(el.scrollTop)) return;
    map.current.scrolled(el.scrollTop);
    if (map.current.isStuck) putInStep();
    clearTimeout(rest.current);
    rest.current = setTimeout(() => setScrolling(false), restMs);
    // Within this frame, or what is seen would lag behind the thumb.
    flushSync(() => {
      moved();
      setScrolling(true);
      draw();
    });
  };

  useLayoutEffect(() => {
    const el = scroller.current;
    if (!el) return;
    // Called for the first time before the next frame is painted.
    const observer = new ResizeObserver(() => {
      const { current } = map;
      const seen = Math.max(0, el.clientHeight - headPx);
      if (!current || current.view === seen) return;
      current.view = seen;
      draw();
    });
    observer.observe(el);
    return () => observer.disconnect();
  }, [scroller, headPx]);

  // While somebody scrolls, the element is theirs.
  const isTheirs = useRef(isScrolling);
  isTheirs.current = isScrolling;
  useLayoutEffect(() => {
    if (isScrolling || (step.current !== undefined && map.current?.isInReach)) return;
    putInStep();
    step.current ??= setTimeout(() => {
      step.current = undefined;
      if (!isTheirs.current) putInStep();
    }, stepMs);
  });

  useEffect(
    () => () => {
      clearTimeout(rest.current);
      clearTimeout(step.current);
    },
    [],
  );

  return { map: map.current, isScrolling, draw, onScroll };
}

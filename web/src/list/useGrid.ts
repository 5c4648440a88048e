import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import type { Density } from "../settings/appearance";
import { useAppearance } from "../settings/useAppearance";
import { useView, wholeView } from "../store/hooks";
import { useWidth } from "../ui/useWidth";
import { type Lines, linesOf } from "./lines";
import type { ScrollMap } from "./scrollMap";
import { useAnother } from "./useAnother";
import { useScroller } from "./useScroller";

const headPx = 26;
// Two lines to a row below this width of the list.
const compactBelowPx = 620;
// Heights of a row of one line, and of two.
const rowPx: Record<Density, readonly [one: number, two: number]> = {
  comfortable: [26, 50],
  compact: [21, 42],
};
// Less than this from the edge is at the edge.
const edgePx = 2;

/* The flow at the top of what is seen, and the line that it stood on. */
interface Anchor {
  number: number | null;
  coordinate: number;
  line: number;
}

/* Where the newest flow comes in. */
type Edge = "top" | "bottom" | "none";

function isAt(map: ScrollMap, end: "top" | "bottom"): boolean {
  return (end === "top" ? map.offset : map.max - map.offset) <= edgePx;
}

// A flow that seems to have gone further was met on a page of another moment.
const strayMax = 200;

/* Where the flow at the top is now: mostly at its coordinate. */
function anchored(lines: Lines, { number, coordinate }: Anchor): number {
  const line = lines.lineAt(coordinate);
  if (number === null || lines.at(line)?.number === number) return line;
  const known = lines.lineOf(number);
  return known !== null && Math.abs(known - line) <= strayMax ? known : line;
}

function anchorOf(lines: Lines, map: ScrollMap): Anchor {
  const line = map.lines.first;
  const number = lines.at(line)?.number ?? null;
  return { number, coordinate: lines.coordinateAt(line), line };
}

/* Moves the list by as much as the flow at its top has moved in it. */
function holdStill(map: ScrollMap, lines: Lines, anchor: Anchor): void {
  const line = anchored(lines, anchor);
  map.offset += (line - anchor.line) * map.row;
  anchor.line = line;
}

/*
 * The list by line, where the reader is in it, and whether it keeps to its
 * newest end, or in another order to its top: it does until the reader scrolls
 * away or takes up a row, and again when the reader goes back there.
 */
export function useGrid(
  scroller: RefObject<HTMLDivElement | null>,
  opened: number | null,
) {
  const view = useView(wholeView);
  const lines = useMemo(() => linesOf(view), [view]);
  const width = useWidth(scroller);
  const compact = width < compactBelowPx;
  const [one, two] = rowPx[useAppearance().density];
  const size = compact ? two : one;
  const { map, isScrolling, draw, onScroll } = useScroller(
    scroller,
    compact ? 0 : headPx,
  );
  const [follows, setFollows] = useState(true);
  const anchor = useRef<Anchor | null>(null);
  const latest = useRef(lines);
  latest.current = lines;
  const seen = useRef(view.newest);
  useAnother(view.filter, () => {
    setFollows(true);
    anchor.current = null;
    seen.current = view.newest;
  });

  const edge: Edge = view.sort !== "arrival" ? "none" : view.ascending ? "bottom" : "top";
  // Where the reader keeps to; in another order, to what is first in that.
  const home = edge === "bottom" ? "bottom" : "top";
  const isFollowing = follows && edge !== "none";
  if (anchor.current && !follows) holdStill(map, lines, anchor.current);
  map.resize(lines.count, size, map.view);
  if (follows) map.go(home === "bottom" ? map.max : 0);
  if ((isFollowing && !view.isPaused) || seen.current < view.newest)
    seen.current = view.newest;
  const shown = map.lines;
  anchor.current = anchorOf(lines, map);

  useEffect(() => {
    lines.want(shown.first, shown.end);
  }, [lines, shown.first, shown.end]);

  // Reading a flow keeps its row still; going back to the list lets it go.
  // biome-ignore lint/correctness/useExhaustiveDependencies: when a flow is opened or closed
  useEffect(() => {
    setFollows(opened === null && isAt(map, home));
  }, [opened, view.filter]);

  // Where it is now is where it is to stay, whatever comes before it is drawn.
  const settle = () => {
    anchor.current = anchorOf(latest.current, map);
  };
  const show = (number: number) => {
    const line = latest.current.lineOf(number);
    if (line === null) return;
    map.show(line);
    settle();
    draw();
  };

  // A row in view stays so when lines change their height.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only then
  useEffect(() => {
    if (opened !== null) show(opened);
  }, [size, view.filter]);

  return {
    view,
    lines,
    width,
    compact,
    size,
    map,
    shown,
    isScrolling,
    edge,
    follows: isFollowing,
    /* Flows that came since the reader left the newest end. */
    unseen: seen.current - view.newest,
    follow: setFollows,
    onScroll: () =>
      onScroll(() => {
        settle();
        setFollows(opened === null && isAt(map, home));
      }),
    show,
    showLine(line: number) {
      setFollows(false);
      map.show(line);
      settle();
      draw();
    },
    /* Brings a line to the top of what is seen. */
    toLine(line: number) {
      setFollows(false);
      map.go(line * size);
      settle();
      draw();
    },
    /* Brings the flow that `older` ones are older than into the view. */
    toOlder(older: number) {
      setFollows(false);
      const line = latest.current.lineAt(latest.current.oldest - older);
      // Not to the very top: what came before it is worth a look.
      map.go((line - Math.floor(map.view / size / 3)) * size);
      settle();
      draw();
    },
    toEnd(end: "top" | "bottom") {
      map.go(end === "top" ? 0 : map.max);
      settle();
      setFollows(end === home && opened === null);
      draw();
    },
    /* Lines to a page, less one to keep one's place by. */
    pageLines: () => Math.max(1, Math.floor(map.view / size) - 1),
  };
}

export type Grid = ReturnType<typeof useGrid>;

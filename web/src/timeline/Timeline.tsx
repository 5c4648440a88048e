import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useAppearance } from "../settings/useAppearance";
import { useView } from "../store/hooks";
import type { Span } from "../summary/fetch";
import { useSummary } from "../summary/useSummary";
import { useWidth } from "../ui/useWidth";
import { barAt, barsOf, barsWords, spanOfBars, spanWords } from "./bars";
import { timeOf, withoutTime, withTime } from "./clause";
import { useColors } from "./colors";
import { moved, type Picked } from "./keys";
import { type Deeds, Plot } from "./plot";
import { ZoomButtons } from "./ZoomButtons";
import "uplot/dist/uPlot.min.css";
import "./timeline.css";

export interface TimelineProps {
  /* The filter in use. */
  filter: string;
  onFilter(filter: string): void;
  /* The reader wants to see flows of about then. */
  onJump(ms: number): void;
}

// In steps, so that a page that is resized asks seldom for other bars.
const barsFor = (width: number) =>
  Math.max(40, Math.min(240, Math.round(width / 280) * 40));

/*
 * How many flows there were when, and which times the filter asks for. All
 * that a pointer can do is done by keys as well.
 */
export function Timeline({ filter, onFilter, onJump }: TimelineProps) {
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const words = useId();
  const count = barsFor(useWidth(root));
  const colors = useColors();
  const isUtc = useAppearance().zone === "utc";
  /* What is shown of all times; null: all. */
  const [span, setSpan] = useState<Span | null>(null);
  const [picked, setPicked] = useState<Picked | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [dragged, setDragged] = useState<Span | null>(null);

  // The list's rows come first: the bars are asked for once it has them.
  const listed = useView((view) => view.filter);
  const told = useSummary({ filter: withoutTime(listed), bars: count, span });
  const isWrong = useView((view) => view.fault !== null);
  const bars = useMemo(
    () => told && barsOf(told.summary.histogram, told.asked.bars ?? 0),
    [told],
  );
  const chosen = useMemo(() => timeOf(filter), [filter]);
  const marked = useMemo(
    () => (bars && picked ? spanOfBars(bars, picked.anchor, picked.at) : chosen),
    [bars, picked, chosen],
  );

  const apply = (wanted: Span) => {
    setPicked(null);
    onFilter(withTime(filter, wanted));
  };
  const clear = () => {
    setPicked(null);
    if (chosen) onFilter(withoutTime(filter));
  };
  const deeds = useRef<Deeds>({} as Deeds);
  deeds.current = {
    onSpan: apply,
    onClick: onJump,
    onHover: setHovered,
    onDrag: setDragged,
  };

  useEffect(() => {
    if (!root.current) return;
    const made = new Plot(root.current, colors, isUtc, {
      onSpan: (wanted) => deeds.current.onSpan(wanted),
      onClick: (ms) => deeds.current.onClick(ms),
      onHover: (bar) => deeds.current.onHover(bar),
      onDrag: (dragged) => deeds.current.onDrag(dragged),
    });
    plot.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(root.current);
    return () => {
      observer.disconnect();
      made.close();
      plot.current = null;
    };
  }, [colors, isUtc]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new plot is drawn, too
  useEffect(() => {
    if (bars) plot.current?.show(bars, marked);
  }, [bars, marked, colors, isUtc]);

  const zoomIn = marked ? () => setSpan(marked) : undefined;
  const zoomOut = span
    ? () => {
        setSpan(null);
        root.current?.focus();
      }
    : undefined;
  const pressed = (event: KeyboardEvent) => {
    if (!bars || event.ctrlKey || event.metaKey || event.altKey) return;
    const begin = chosen
      ? { anchor: barAt(bars, chosen.fromMs), at: barAt(bars, chosen.toMs - 1) }
      : null;
    const next = moved(event, picked ?? begin, bars.totals.length);
    if (next) setPicked(next);
    else if (event.key === "Enter" && marked) apply(marked);
    else if (event.key === "Escape") clear();
    else if (event.key === " " && marked) onJump(marked.toMs - 1);
    else if (event.key === "+" && zoomIn) zoomIn();
    else if (event.key === "-" && zoomOut) zoomOut();
    else return;
    event.preventDefault();
  };

  const last = bars ? bars.totals.length - 1 : 0;
  const severalDays = bars !== null && bars.toMs - bars.fromMs > 86_400_000;
  const over = bars && hovered !== null ? spanOfBars(bars, hovered, hovered) : null;
  const read = dragged ?? over ?? (picked && marked);
  const isLeft = bars !== null && read !== null && barAt(bars, read.fromMs) < last / 3;
  const at = picked?.at ?? (bars && chosen ? barAt(bars, chosen.toMs - 1) : last);
  return (
    <section
      className="timeline"
      aria-label="Timeline"
      aria-busy={told === null && !isWrong}
    >
      <div
        role="slider"
        tabIndex={0}
        className={bars ? "timeline-plot" : "timeline-plot is-empty"}
        aria-label="Times shown"
        aria-roledescription="timeline"
        aria-describedby={words}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={Math.min(at, last)}
        aria-valuetext={
          bars && marked ? spanWords(bars, marked, severalDays) : "all times"
        }
        aria-keyshortcuts="Enter Escape Space + -"
        onKeyDown={pressed}
        onBlur={() => setPicked(null)}
        ref={root}
      />
      {bars && read && (
        <p
          className={isLeft ? "timeline-read at-right" : "timeline-read"}
          aria-hidden="true"
        >
          {spanWords(bars, read, severalDays)}
        </p>
      )}
      <ZoomButtons onIn={zoomIn} onOut={zoomOut} />
      <p id={words} className="sr-only">
        {bars ? barsWords(bars) : ""} Arrow keys move, with Shift they widen; Enter
        filters by the range, Escape clears it.
      </p>
    </section>
  );
}

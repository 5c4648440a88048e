import uPlot from "uplot";
import type { Span } from "../summary/fetch";
import { dayOf } from "../ui/format";
import { type Bars, formatTime, heights } from "./bars";
import type { Colors } from "./colors";

const axisHeight = 17;
// Room for a label with a date.
const labelWidth = 120;
// Less is a click, in pixels.
const leastDrag = 4;

export interface Deeds {
  /* A span was dragged, or with no width: a place was clicked. */
  onSpan(span: Span): void;
  onClick(ms: number): void;
  /* The bar under the pointer; null: none. */
  onHover(bar: number | null): void;
  /* The span as it is dragged so far; null: nothing is. */
  onDrag(span: Span | null): void;
}

/* Whether the label of this moment is seen whole. */
function fitsIn(plot: uPlot, seconds: number): boolean {
  const x = plot.valToPos(seconds, "x");
  return x >= labelWidth / 2 && x <= plot.over.clientWidth - labelWidth / 2;
}

function labels(splits: (number | null)[], stepMs: number): string[] {
  return splits.map((seconds, at) => {
    if (seconds === null) return "";
    const ms = seconds * 1000;
    const before = splits[at - 1] ?? undefined;
    const isNewDay = before === undefined || dayOf(before * 1000) !== dayOf(ms);
    const text = formatTime(ms, stepMs, isNewDay);
    // The year is in words and in the list; here it only takes room.
    return isNewDay ? text.slice("2026-".length) : text;
  });
}

/* Stacked bars over time, drawn by uPlot on a canvas in `root`. */
export class Plot {
  private readonly plot: uPlot;
  private bars: Bars | null = null;
  private marked: Span | null = null;
  private isDragging = false;
  private pressedX = 0;

  constructor(
    private readonly root: HTMLElement,
    colors: Colors,
    private readonly isUtc: boolean,
    private readonly deeds: Deeds,
  ) {
    this.plot = new uPlot(
      this.options(colors),
      [[0, 1], ...colors.layers.map(() => [])],
      root,
    );
    this.plot.over.addEventListener("mousedown", this.pressed);
    this.plot.over.addEventListener("mouseleave", this.left);
    addEventListener("mouseup", this.released);
  }

  close(): void {
    removeEventListener("mouseup", this.released);
    this.plot.destroy();
  }

  show(bars: Bars, marked: Span | null): void {
    this.bars = bars;
    this.marked = marked;
    if (this.isDragging) return;
    const { fromMs, toMs, widthMs, totals } = bars;
    const middles = totals.map((_, at) => (fromMs + (at + 0.5) * widthMs) / 1000);
    this.plot.batch(() => {
      this.plot.setData([middles, ...heights(bars)], false);
      this.plot.setScale("x", { min: fromMs / 1000, max: toMs / 1000 });
      this.plot.setScale("y", { min: 0, max: Math.max(1, ...totals) });
    });
    this.mark();
  }

  resize(): void {
    const { clientWidth: width, clientHeight: height } = this.root;
    if (width === 0) return;
    this.plot.setSize({ width, height });
    this.mark();
  }

  private mark(): void {
    if (this.isDragging || !this.bars) return;
    const { height } = this.plot.over.getBoundingClientRect();
    const place = (ms: number) => this.plot.valToPos(ms / 1000, "x");
    const { fromMs, toMs } = this.marked ?? { fromMs: 0, toMs: 0 };
    const left = Math.max(place(fromMs), 0);
    const right = Math.min(place(toMs), this.plot.over.clientWidth);
    this.root.classList.toggle("has-range", this.marked !== null);
    const isSeen = this.marked !== null && right > 0 && left < this.plot.over.clientWidth;
    const width = isSeen ? Math.max(right - left, 2) : 0;
    this.plot.setSelect({ left: isSeen ? left : 0, top: 0, width, height }, false);
  }

  private readonly pressed = (event: MouseEvent) => {
    this.isDragging = event.button === 0;
    this.root.classList.add("has-range");
    this.pressedX = event.clientX;
  };

  private msAt(clientX: number): number {
    const { left } = this.plot.over.getBoundingClientRect();
    return this.plot.posToVal(clientX - left, "x") * 1000;
  }

  private spanOfSelect(): Span {
    const { width, left } = this.plot.select;
    const value = (px: number) => this.plot.posToVal(px, "x") * 1000;
    return { fromMs: value(left), toMs: value(left + width) };
  }

  private readonly moved = () => {
    const isSpan = this.isDragging && this.plot.select.width >= leastDrag;
    this.deeds.onDrag(isSpan ? this.spanOfSelect() : null);
    this.deeds.onHover(this.plot.cursor.idx ?? null);
  };

  private readonly left = () => this.deeds.onHover(null);

  private readonly released = (event: MouseEvent) => {
    if (!this.isDragging || !this.bars) return;
    this.isDragging = false;
    this.deeds.onDrag(null);
    const span = this.spanOfSelect();
    const isClick = Math.abs(event.clientX - this.pressedX) < leastDrag;
    if (isClick) this.deeds.onClick(this.msAt(event.clientX));
    else this.deeds.onSpan(span);
    this.show(this.bars, isClick ? this.marked : span);
  };

  private options(colors: Colors): uPlot.Options {
    const { clientWidth: width, clientHeight: height } = this.root;
    const paths = uPlot.paths.bars?.({ size: [0.78, 24], align: 0 });
    // The highest first, so that each lower one is drawn over it.
    const drawn = [...colors.layers].reverse();
    return {
      width,
      height,
      padding: [3, 0, 0, 0],
      legend: { show: false },
      // Labels stand at whole hours and days of the clock that is read.
      ...(this.isUtc && {
        tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      }),
      scales: { x: { time: true, auto: false }, y: { auto: false } },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: leastDrag },
      },
      axes: [
        {
          size: axisHeight,
          gap: 1,
          space: labelWidth,
          font: colors.font,
          stroke: colors.text,
          ticks: { show: false },
          grid: { show: false },
          filter: (plot, splits) => splits.map((at) => (fitsIn(plot, at) ? at : null)),
          values: (_, splits, __, ___, step) => labels(splits, step * 1000),
        },
        { show: false },
      ],
      series: [
        {},
        ...drawn.map((fill) => ({
          fill,
          width: 0,
          points: { show: false },
          ...(paths && { paths }),
        })),
      ],
      hooks: {
        setCursor: [this.moved],
      },
    };
  }
}

import type { Text } from "@codemirror/state";

/* What a reader looks for in a text. */
export interface Wanted {
  text: string;
  isRegex: boolean;
  isCaseSensitive: boolean;
}

export const nothing = (): Wanted => ({
  text: "",
  isRegex: false,
  isCaseSensitive: false,
});

const special = /[\\^$.*+?()[\]{}|/]/g;

/* The pattern for it; null: nothing is wanted. Throws if it is none. */
export function patternOf(wanted: Wanted): RegExp | null {
  if (!wanted.text) return null;
  const source = wanted.isRegex ? wanted.text : wanted.text.replace(special, "\\$&");
  return new RegExp(source, wanted.isCaseSensitive ? "gu" : "giu");
}

// More are found by nobody who goes from one to the next.
export const mostFound = 20_000;
const turnMs = 6;

export interface Found {
  from: number;
  to: number;
}

/* Finds all places line by line, a few milliseconds at a time. */
export class Finder {
  readonly found: Found[] = [];
  done = false;
  private line = 1;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly doc: Text,
    private readonly pattern: RegExp,
    private readonly tell: (finder: Finder) => void,
  ) {}

  start(): void {
    this.turn();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /* Which of those found is the first at or after `pos`; 0 if none is. */
  indexFrom(pos: number): number {
    let [low, high] = [0, this.found.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.found[middle]?.from ?? 0) < pos) low = middle + 1;
      else high = middle;
    }
    return low < this.found.length ? low : 0;
  }

  private readonly turn = (): void => {
    const end = performance.now() + turnMs;
    while (!this.done && performance.now() < end) this.some();
    this.tell(this);
    if (!this.done) this.timer = setTimeout(this.turn, 0);
  };

  private some(): void {
    for (let i = 0; i < 200; i++) {
      if (this.line > this.doc.lines || this.found.length >= mostFound) {
        this.done = true;
        return;
      }
      const { from, text } = this.doc.line(this.line++);
      for (const match of text.matchAll(this.pattern)) {
        if (match[0] === "") continue;
        const at = from + match.index;
        this.found.push({ from: at, to: at + match[0].length });
      }
    }
  }
}

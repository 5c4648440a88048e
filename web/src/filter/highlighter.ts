import { api, callTimeoutMs } from "../connection/api";

/* Tells which of some flows match a filter. */
export type Match = (
  filter: string,
  numbers: readonly number[],
  signal: AbortSignal,
) => Promise<readonly number[]>;

async function match(
  filter: string,
  numbers: readonly number[],
  signal: AbortSignal,
): Promise<number[]> {
  const request = { filter: { expression: filter }, numbers: numbers.map(BigInt) };
  const found: number[] = [];
  for await (const part of api.matchFlows(request, { signal, timeoutMs: callTimeoutMs }))
    found.push(...part.numbers.map(Number));
  return found;
}

const pauseMs = 30;
const askedMost = 500;
const knownMost = 5000;

/*
 * The second filter, which marks rows and hides none. Rows on the page say so
 * of themselves; of those, and no others, the server is asked.
 */
export class Highlighter {
  private filter = "";
  /* The change of a flow that was asked of, and what came of it. */
  private known = new Map<number, { change: number; isMarked: boolean }>();
  private readonly shown = new Map<number, number>();
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private call: AbortController | null = null;

  constructor(private readonly ask: Match) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  isMarked(number: number): boolean {
    return this.known.get(number)?.isMarked ?? false;
  }

  setFilter(filter: string): void {
    if (filter === this.filter) return;
    this.filter = filter;
    this.call?.abort();
    this.call = null;
    this.known.clear();
    this.tell();
    this.askSoon();
  }

  /* A row is on the page, in the state that `change` brought. */
  show(number: number, change: number): () => void {
    this.shown.set(number, change);
    this.askSoon();
    return () => this.shown.delete(number);
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  private askSoon(): void {
    if (this.filter === "" || this.timer !== undefined || this.call) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.askNow();
    }, pauseMs);
  }

  private async askNow(): Promise<void> {
    const { filter } = this;
    const asked = [...this.shown].filter(
      ([number, change]) => this.known.get(number)?.change !== change,
    );
    if (filter === "" || asked.length === 0) return;
    const some = asked.slice(0, askedMost);
    const call = new AbortController();
    this.call = call;
    try {
      const numbers = some.map(([number]) => number);
      const found = new Set(await this.ask(filter, numbers, call.signal));
      if (call !== this.call) return;
      if (this.known.size > knownMost) this.known.clear();
      for (const [number, change] of some)
        this.known.set(number, { change, isMarked: found.has(number) });
      this.call = null;
      this.tell();
      this.askSoon();
    } catch {
      // A filter that is wrong, or no connection: nothing more is marked.
      if (call === this.call) this.call = null;
    }
  }
}

export const highlighter = new Highlighter(match);

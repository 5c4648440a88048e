import type { Row } from "../connection/row";

export const pageRows = 200;
const pagesKept = 20;
// A page that may have moved is asked for again no sooner than this.
const restMs = 700;

interface Page {
  /* From the page's first coordinate on; holes are not known yet. */
  rows: (Row | undefined)[];
  usedAt: number;
  loadedAt: number;
  /* What is known of it may be of other coordinates by now. */
  isStale: boolean;
}

/* Which flows stand from `first` on, and how many there were to find. */
export type FetchRows = (
  first: number,
  limit: number,
  signal: AbortSignal,
) => Promise<readonly Row[]>;

/*
 * Parts of a list too long to hold: rows by their coordinate, a few pages of
 * them, fetched as they are wanted. What is not wanted any more is not
 * fetched further.
 */
export class Pages {
  private readonly pages = new Map<number, Page>();
  private readonly loading = new Map<number, AbortController>();
  private wanted: number[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wantedAt = 0;

  constructor(
    private readonly fetch: FetchRows,
    private readonly onChange: () => void,
    private readonly now: () => number = Date.now,
  ) {}

  at(coordinate: number): Row | undefined {
    const number = Math.floor(coordinate / pageRows);
    return this.pages.get(number)?.rows[coordinate - number * pageRows];
  }

  /* The coordinate of a flow, if it is on a page that is here. */
  find(number: number): number | null {
    for (const [page, { rows }] of this.pages) {
      const at = rows.findIndex((row) => row?.number === number);
      if (at >= 0) return page * pageRows + at;
    }
    return null;
  }

  clear(): void {
    this.stop();
    this.pages.clear();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.wanted = [];
    for (const call of this.loading.values()) call.abort();
    this.loading.clear();
  }

  put(first: number, rows: readonly Row[]): void {
    rows.forEach((row, i) => {
      const number = Math.floor((first + i) / pageRows);
      const page = this.pages.get(number) ?? this.open(number);
      page.rows[first + i - number * pageRows] = row;
    });
  }

  /* All pages, or those of flows older than `number`, may have moved. */
  stale(number = Number.POSITIVE_INFINITY): void {
    for (const page of this.pages.values())
      if (page.rows.some((row) => row && row.number <= number)) page.isStale = true;
  }

  /* Later states of flows, for those that are here. */
  change(rows: readonly Row[]): boolean {
    let changed = false;
    for (const row of rows) {
      const at = this.find(row.number);
      if (at === null) continue;
      this.put(at, [row]);
      changed = true;
    }
    return changed;
  }

  /* These coordinates are in view: fetch what is not here of them. */
  want(first: number, end: number): void {
    const from = Math.floor(first / pageRows);
    const to = Math.floor((end - 1) / pageRows);
    const pages = [];
    for (let page = from; page <= to; page++) pages.push(page);
    // The neighbours come when these are there.
    if (end > first) pages.push(to + 1, from - 1);
    const hurried = this.now() - this.wantedAt < 40;
    const moved = pages[0] !== this.wanted[0];
    if (moved) this.wantedAt = this.now();
    this.wanted = pages;
    for (const [page, call] of this.loading) {
      if (pages.includes(page)) continue;
      call.abort();
      this.loading.delete(page);
    }
    clearTimeout(this.timer);
    if (hurried && moved) this.timer = setTimeout(() => this.load(), 40);
    else this.load();
  }

  /* Where the list begins and ends, as far as is known. */
  bounds: () => { first: number; end: number } = () => ({
    first: 0,
    end: Number.POSITIVE_INFINITY,
  });

  private open(number: number): Page {
    const page = { rows: [], usedAt: this.now(), loadedAt: 0, isStale: false };
    this.pages.set(number, page);
    return page;
  }

  private isMissing(number: number): boolean {
    const { first, end } = this.bounds();
    const from = Math.max(first, number * pageRows);
    const to = Math.min(end, (number + 1) * pageRows);
    if (from >= to) return false;
    const page = this.pages.get(number);
    if (!page) return true;
    page.usedAt = this.now();
    const isWhole = !hasHole(page.rows, from - number * pageRows, to - number * pageRows);
    return (!isWhole || page.isStale) && this.now() - page.loadedAt >= restMs;
  }

  private load(): void {
    this.timer = undefined;
    for (const number of this.wanted) {
      if (this.loading.size >= 2) return;
      if (!this.loading.has(number) && this.isMissing(number)) void this.loadPage(number);
    }
    // Stale ones had to wait.
    const rests = this.wanted.some((number) => this.pages.get(number)?.isStale);
    if (rests && this.loading.size === 0)
      this.timer = setTimeout(() => this.load(), restMs);
  }

  private async loadPage(number: number): Promise<void> {
    const call = new AbortController();
    this.loading.set(number, call);
    const first = Math.max(this.bounds().first, number * pageRows);
    const limit = (number + 1) * pageRows - first;
    try {
      const rows = await this.fetch(first, limit, call.signal);
      if (call.signal.aborted) return;
      const page = this.pages.get(number) ?? this.open(number);
      page.rows.length = Math.min(page.rows.length, first - number * pageRows);
      page.isStale = false;
      page.loadedAt = this.now();
      this.put(first, rows);
      this.forget();
      this.onChange();
    } catch {
      if (call.signal.aborted) return;
      const page = this.pages.get(number) ?? this.open(number);
      page.loadedAt = this.now();
      page.isStale = true;
    }
    this.loading.delete(number);
    if (!this.timer) this.load();
  }

  private forget(): void {
    const pages = [...this.pages].sort(([, a], [, b]) => b.usedAt - a.usedAt);
    for (const [number] of pages.slice(pagesKept)) this.pages.delete(number);
  }
}

function hasHole(rows: readonly (Row | undefined)[], from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!rows[at]) return true;
  return false;
}

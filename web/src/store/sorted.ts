import type { Row } from "../connection/row";
import type { Sort } from "../place/place";
import type { Listing } from "./listing";
import { Pages } from "./pages";

export interface Order {
  filter: string;
  sort: Sort;
  ascending: boolean;
}

export type FetchSorted = (
  asked: Order & { offset: number; limit: number },
  signal: AbortSignal,
) => Promise<{ rows: readonly Row[]; matched: number }>;

// While flows come, what is shown is at most so old.
const refreshMs = 1000;

/*
 * The list in the order of a column: all of it is the server's, in pages.
 * Changed flows move in it, so the pages in view are asked for again and
 * again while flows come.
 */
export class Sorted {
  listing: Listing;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly order: Order,
    fetchSorted: FetchSorted,
    private readonly onPage: () => void,
  ) {
    const pages: Pages = new Pages(async (offset, limit, signal) => {
      const found = await fetchSorted({ ...order, offset, limit }, signal);
      this.listing = { ...this.listing, end: found.matched, isWhole: true };
      return found.rows;
    }, onPage);
    pages.bounds = () => ({
      first: 0,
      end: this.listing.isWhole ? this.listing.end : Number.POSITIVE_INFINITY,
    });
    this.listing = { rows: [], bottom: 0, end: 1, isWhole: false, pages };
  }

  /* Flows came, changed or went. */
  touch(changed: readonly Row[]): void {
    this.listing.pages.change(changed);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.listing.pages.stale();
      this.onPage();
    }, refreshMs);
  }

  close(): void {
    clearTimeout(this.timer);
    this.listing.pages.stop();
  }
}

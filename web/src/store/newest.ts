import type { Row } from "../connection/row";
import { findPlace, placeOf } from "../connection/window";
import type { Listing } from "./listing";
import { type FetchRows, Pages, pageRows } from "./pages";

export interface Older {
  filter: string;
  /* Only flows with smaller numbers, of which so many are passed over. */
  before: number;
  offset: number;
  limit: number;
}

export type FetchOlder = (older: Older, signal: AbortSignal) => Promise<readonly Row[]>;

/* What a batch has brought. */
export interface Arrival {
  /* Nothing of what was known holds but the flows that are in both. */
  reset: boolean;
  rows: readonly Row[];
  /* The oldest ones that the window had to let go of. */
  dropped: readonly Row[];
  changed: readonly Row[];
  gone: readonly number[];
  /* Matches older than `rows`; null: not known. */
  below: number | null;
}

/*
 * The list in order of arrival, newest first: the window of the newest flows,
 * and pages of what is older, which are asked for by the number of the
 * window's oldest flow, so that what arrives moves none of them.
 */
export class Newest {
  listing: Listing;
  private filter = "";
  /* The last page that came was not full: the list ends there. */
  private endSeen: number | null = null;
  /* After the last flow that ever came. */
  private reached = 0;
  /* After the last flow by the server's count; null: not counted yet. */
  private counted: number | null = 0;

  constructor(fetchOlder: FetchOlder, onPage: () => void) {
    const fetch: FetchRows = async (first, limit, signal) => {
      const { rows, bottom } = this.listing;
      const before = rows[0]?.number ?? 0;
      const older = { filter: this.filter, before, offset: first - bottom, limit };
      const found = await fetchOlder(older, signal);
      this.reached = Math.max(this.reached, first + found.length);
      if (found.length < limit) this.endSeen = first + found.length;
      return found;
    };
    const pages = new Pages(fetch, () => {
      this.listing = { ...this.listing, ...this.ending() };
      onPage();
    });
    pages.bounds = () => ({ first: this.listing.bottom, end: this.listing.end });
    this.listing = { rows: [], bottom: 0, end: 0, isWhole: true, pages };
  }

  get isCounted(): boolean {
    return this.counted !== null;
  }

  /* Another list. */
  begin(filter: string): void {
    this.filter = filter;
    this.forget();
    this.listing = { ...this.listing, rows: [], bottom: 0, end: 0, isWhole: true };
  }

  take(arrival: Arrival): void {
    const { rows, below } = arrival;
    const bottom = arrival.reset ? this.bottomAnew(rows) : this.bottomAfter(arrival);
    if (arrival.reset) this.forget();
    else this.takeOlder(arrival);
    const counted = below === null ? null : bottom + below;
    if (counted !== this.counted) this.endSeen = null;
    this.counted = counted;
    this.listing = { ...this.listing, rows, bottom };
    this.listing = { ...this.listing, ...this.ending() };
  }

  /* Later states of flows that are not in the window. */
  private takeOlder({ rows, changed, gone }: Arrival): void {
    const { pages } = this.listing;
    const floor = rows[0]?.number ?? 0;
    const goneBelow = gone.filter((number) => number < floor);
    if (goneBelow.length > 0) pages.stale(Math.max(...goneBelow));
    const older = changed.filter((row) => row.number < floor);
    if (older.length > 0 && !pages.change(older))
      pages.stale(Math.max(...older.map(({ number }) => number)));
  }

  private bottomAfter({ rows, dropped }: Arrival): number {
    const { pages, ...before } = this.listing;
    const bottom = before.bottom - dropped.length;
    pages.put(bottom, dropped.slice().reverse());
    // A search finds ever older flows; those above keep their coordinates.
    const oldest = before.rows[0]?.number;
    return bottom + (oldest === undefined ? 0 : placeOf(rows, oldest));
  }

  /* So that the newest flow that both have stays where it is. */
  private bottomAnew(rows: readonly Row[]): number {
    const { rows: before, bottom } = this.listing;
    for (let at = rows.length - 1; at >= 0; at--) {
      const place = findPlace(before, rows[at]?.number ?? 0);
      if (place !== null) return bottom - place + at;
    }
    return 0;
  }

  private forget(): void {
    this.listing.pages.clear();
    this.endSeen = null;
    this.reached = Number.NEGATIVE_INFINITY;
    this.counted = 0;
  }

  private ending(): Pick<Listing, "end" | "isWhole"> {
    const { bottom } = this.listing;
    if (this.endSeen !== null)
      return { end: Math.max(bottom, this.endSeen), isWhole: true };
    if (this.counted !== null) return { end: this.counted, isWhole: true };
    return { end: Math.max(bottom, this.reached) + pageRows, isWhole: false };
  }
}

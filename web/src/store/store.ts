import type { LiveClient } from "../connection/client";
import {
  type Batch,
  type Search,
  type Status,
  type ToTab,
  windowMax,
} from "../connection/protocol";
import type { Row } from "../connection/row";
import { FlowWindow } from "../connection/window";
import type { Fault } from "../filter/fault";
import type { Loss } from "../losses/loss";
import type { Sort } from "../place/place";
import { pacedFrames, type Schedule } from "./frames";
import { type Listing, topOf } from "./listing";
import { type FetchOlder, Newest } from "./newest";
import { type FetchSorted, type Order, Sorted } from "./sorted";

type Client = Pick<LiveClient, "watch">;

/* Where the flows come from that no stream tells. */
export interface Fetch {
  fetchOlder: FetchOlder;
  fetchSorted: FetchSorted;
}

/* What the page shows of the stream; replaced as a whole, never changed. */
export interface View {
  /* Which filter these rows match; behind `store.filter` while one loads. */
  filter: string;
  /* The newest, in ascending order of number. */
  rows: readonly Row[];
  /* All that match, in the order that the reader chose. */
  listing: Listing;
  /* Which order that is; behind the reader's choice while it loads. */
  sort: Sort;
  ascending: boolean;
  /* The list stands still; what comes meanwhile is counted. */
  isPaused: boolean;
  /* The coordinate of the newest flow, shown or not. */
  newest: number;
  /* null: not known yet. */
  total: number | null;
  /* Flows that the server has let go of by its limits. */
  evicted: number;
  /* Reports of flows that never came to the server. */
  losses: readonly Loss[];
  /* Flows may be missing: a regular expression met its limits on them. */
  limited: boolean;
  status: Status;
  /* The search that runs for the newest filter; null: none. */
  search: Search | null;
  /* Why the newest filter was not taken; the rows are of the one before. */
  fault: (Fault & { filter: string }) | null;
  /* False until the first batch has come. */
  loaded: boolean;
}

/*
 * Takes the hub's messages and shows them once a frame, however many came.
 */
export class Store {
  view: View;
  private window = new FlowWindow(windowMax);
  private inbox: ToTab[] = [];
  private client: Client | null = null;
  private readonly newest: Newest;
  /* The list as it was when the reader paused it. */
  private paused: Listing | null = null;
  private order: Omit<Order, "filter"> = { sort: "arrival", ascending: false };
  /* In another order than that of arrival; the next one until it has rows. */
  private sorted: Sorted | null = null;
  private nextSorted: Sorted | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(
    public filter: string,
    private readonly fetch: Fetch,
    private readonly schedule: Schedule = pacedFrames(),
  ) {
    const status: Status = { state: "connecting", since: 0, reason: "" };
    this.newest = new Newest(fetch.fetchOlder, () => this.pageCame());
    this.newest.begin(filter);
    this.view = {
      filter,
      rows: [],
      listing: this.newest.listing,
      ...this.order,
      isPaused: false,
      newest: 0,
      total: null,
      evicted: 0,
      losses: [],
      limited: false,
      status,
      search: null,
      fault: null,
      loaded: false,
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getView = (): View => this.view;

  setFilter(filter: string, client: Client): void {
    const newest = this.view.fault?.filter ?? this.filter;
    if (filter === newest) return;
    this.client = client;
    this.watch(filter);
    this.show({ ...this.view, search: null, fault: null });
  }

  setOrder(sort: Sort, ascending: boolean): void {
    if (sort === this.order.sort && ascending === this.order.ascending) return;
    this.order = { sort, ascending };
    this.sortAnew(this.view.filter);
    this.show(this.listed(this.view));
  }

  /* Stops and starts what the list shows; the stream goes on. */
  pause(on: boolean): void {
    if (on === (this.paused !== null)) return;
    this.paused = on ? this.newest.listing : null;
    if (!on) this.sorted?.touch([]);
    this.show(this.listed(this.view));
  }

  private watch(filter: string): void {
    if (filter === this.filter) return;
    this.filter = filter;
    this.client?.watch(filter);
  }

  /* What the page begins with, if the hub has not been faster. */
  begin(rows: Batch): void {
    if (this.view.loaded || this.inbox.length > 0) return;
    this.inbox.push(rows);
    this.flush();
  }

  take(message: ToTab): void {
    if (this.inbox.push(message) === 1) this.schedule(() => this.flush());
  }

  /* What this tab has just done itself, before the stream tells it too. */
  put(row: Row): void {
    const known = this.window.rows.some(({ number }) => number === row.number);
    this.applyNow(known ? [row] : [], [], [row]);
  }

  drop(number: number): void {
    this.applyNow([], [number], []);
  }

  private applyNow(rows: Row[], gone: number[], changed: Row[]): void {
    const dropped = this.window.apply(rows, gone);
    const { end, bottom, pages } = this.newest.listing;
    const below = this.newest.isCounted ? end - bottom : null;
    const arrival = { rows: this.window.rows, dropped, changed, gone, below };
    this.newest.take({ ...arrival, reset: false });
    pages.change(changed);
    this.sorted?.touch(changed);
    this.show(this.listed({ ...this.view, rows: this.window.rows }));
  }

  private flush(): void {
    const inbox = this.inbox;
    this.inbox = [];
    let view = this.view;
    for (const message of inbox) view = this.reduce(view, message);
    if (view === this.view) return;
    this.show(view);
    // The list on the page goes on living while the filter is being mended.
    if (view.fault && view.loaded) this.watch(view.filter);
  }

  private reduce(view: View, message: ToTab): View {
    // The stream of a filter that was left may still have something to say.
    if (message.type === "ping" || message.type === "alarm") return view;
    if (message.filter !== this.filter) return view;
    if (message.type === "status") return { ...view, status: message.status };
    if (message.type === "search") return { ...view, search: message.search };
    if (message.type === "losses") return { ...view, losses: message.losses };
    if (message.type === "fault") {
      const { fault, filter } = message;
      return { ...view, search: null, fault: { ...fault, filter } };
    }
    return this.takeBatch(view, message);
  }

  private takeBatch(view: View, message: Batch): View {
    // Rows of another filter stay until those of this one are there.
    const isOther = message.filter !== view.filter || !view.loaded;
    const reset = message.reset || isOther;
    if (reset) this.window.clear();
    const dropped = this.window.apply(message.rows, message.gone);
    this.window.floor = message.floor;
    if (isOther) {
      this.newest.begin(message.filter);
      this.paused = null;
    }
    const { rows } = this.window;
    const { gone, below, rows: changed } = message;
    this.newest.take({ reset, rows, dropped, changed, gone, below });
    if (isOther) this.sortAnew(message.filter);
    else if (!this.paused && changed.length + gone.length > 0)
      this.sorted?.touch(changed);
    const { total, evicted, limited, filter } = message;
    return this.listed({ ...view, filter, rows, total, evicted, limited, loaded: true });
  }

  private sortAnew(filter: string): void {
    this.nextSorted?.close();
    this.nextSorted = null;
    if (this.order.sort === "arrival") {
      this.sorted?.close();
      this.sorted = null;
      return;
    }
    const next = new Sorted({ ...this.order, filter }, this.fetch.fetchSorted, () =>
      this.pageCame(next),
    );
    this.nextSorted = next;
    next.listing.pages.want(0, 1);
  }

  private pageCame(of?: Sorted): void {
    if (of && of === this.nextSorted) {
      this.sorted?.close();
      this.sorted = of;
      this.nextSorted = null;
    }
    if (this.paused) this.paused = { ...this.paused };
    this.show(this.listed(this.view));
  }

  private listed(view: View): View {
    const newest = this.newest.listing;
    const order = this.sorted?.order ?? (this.nextSorted ? view : this.order);
    const { sort, ascending } = order;
    // A new object is a new state: pages change within.
    const listing = { ...(this.sorted?.listing ?? this.paused ?? newest) };
    const isPaused = this.paused !== null;
    return { ...view, listing, sort, ascending, isPaused, newest: topOf(newest) };
  }

  private show(view: View): void {
    this.view = view;
    for (const listener of this.listeners) listener();
  }
}

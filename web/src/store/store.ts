import type { LiveClient } from "../connection/client";
import { type Search, type Status, type ToTab, windowMax } from "../connection/protocol";
import type { Row } from "../connection/row";
import { FlowWindow } from "../connection/window";
import type { Fault } from "../filter/fault";
import type { Loss } from "../losses/loss";
import { pacedFrames, type Schedule } from "./frames";

type Client = Pick<LiveClient, "watch">;

/* What the page shows of the stream; replaced as a whole, never changed. */
export interface View {
  /* Which filter these rows match; behind `store.filter` while one loads. */
  filter: string;
  /* In ascending order of number. */
  rows: readonly Row[];
  hasOlder: boolean;
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
  private readonly listeners = new Set<() => void>();

  constructor(
    public filter: string,
    private readonly schedule: Schedule = pacedFrames(),
  ) {
    const status: Status = { state: "connecting", since: 0, reason: "" };
    this.view = {
      filter,
      rows: [],
      hasOlder: false,
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

  private watch(filter: string): void {
    if (filter === this.filter) return;
    this.filter = filter;
    this.client?.watch(filter);
  }

  take(message: ToTab): void {
    if (this.inbox.push(message) === 1) this.schedule(() => this.flush());
  }

  /* What this tab has just done itself, before the stream tells it too. */
  put(row: Row): void {
    this.applyNow([row], []);
  }

  drop(number: number): void {
    this.applyNow([], [number]);
  }

  private applyNow(rows: Row[], gone: number[]): void {
    const known = rows.filter((row) =>
      this.window.rows.some((r) => r.number === row.number),
    );
    this.window.apply(known, gone);
    this.show({ ...this.view, rows: this.window.rows });
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
    // Rows of another filter stay until those of this one are there.
    const fresh = message.reset || message.filter !== view.filter;
    if (fresh) this.window.clear();
    this.window.floor = message.floor;
    this.window.apply(message.rows, message.gone);
    return {
      ...view,
      filter: message.filter,
      rows: this.window.rows,
      hasOlder: this.window.hasOlder,
      total: message.total,
      evicted: message.evicted,
      limited: message.limited,
      loaded: true,
    };
  }

  private show(view: View): void {
    this.view = view;
    for (const listener of this.listeners) listener();
  }
}

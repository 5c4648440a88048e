import type { LiveClient } from "../connection/client";
import { type Status, type ToTab, windowMax } from "../connection/protocol";
import type { Row } from "../connection/row";
import { FlowWindow } from "../connection/window";
import { pacedFrames, type Schedule } from "./frames";

/* What the page shows of the stream; replaced as a whole, never changed. */
export interface View {
  /* Which filter these rows match; behind `store.filter` while one loads. */
  filter: string;
  /* In ascending order of number. */
  rows: readonly Row[];
  hasOlder: boolean;
  total: number;
  status: Status;
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
  private readonly listeners = new Set<() => void>();

  constructor(
    public filter: string,
    private readonly schedule: Schedule = pacedFrames(),
  ) {
    const status: Status = { state: "connecting", since: 0, reason: "" };
    this.view = { filter, rows: [], hasOlder: false, total: 0, status, loaded: false };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getView = (): View => this.view;

  setFilter(filter: string, client: Pick<LiveClient, "watch">): void {
    if (filter === this.filter) return;
    this.filter = filter;
    client.watch(filter);
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
    if (view !== this.view) this.show(view);
  }

  private reduce(view: View, message: ToTab): View {
    // The stream of a filter that was left may still have something to say.
    if (message.type === "ping" || message.filter !== this.filter) return view;
    if (message.type === "status") return { ...view, status: message.status };
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
      loaded: true,
    };
  }

  private show(view: View): void {
    this.view = view;
    for (const listener of this.listeners) listener();
  }
}

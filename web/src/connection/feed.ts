import type { Fault } from "../filter/fault";
import type {
  FilterError,
  QueryEnd,
  QueryFlowsResponse,
  WatchFlowsResponse,
} from "../gen/mitmflow/v1/mitmflow_pb";
import { type Loss, mergeLosses, toLoss } from "../losses/loss";
import { detailOf } from "../wire/client";
import { Failure, type FailureCode } from "../wire/failure";
import { backoffMs } from "./backoff";
import { Pace } from "./pace";
import {
  firstLimit,
  type Refused,
  type Search,
  type Status,
  type ToTab,
  windowMax,
} from "./protocol";
import { type Row, timestampMs, toRow } from "./row";
import type { Slots } from "./slots";
import { FlowWindow } from "./window";

/* `cursor`: where an earlier call of its kind stopped. */
export interface Asked {
  cursor: string;
  limit: number;
  filter: { expression: string };
}

type Call<Answer> = (asked: Asked, signal: AbortSignal) => AsyncIterable<Answer>;

type Heed = <Answer>(call: Call<Answer>, take: (answer: Answer) => void) => Promise<void>;

export interface Calls {
  watch: Call<WatchFlowsResponse>;
  query: Call<QueryFlowsResponse>;
  /* How many flows match whose numbers are smaller than `before`. */
  count(filter: string, before: number, signal: AbortSignal): Promise<number>;
}

// Heartbeats come every 5 s; a connection that misses three is dead.
const silenceMs = 15_000;
// How long a caught-up stream keeps its slot when others wait for one.
const turnMs = 750;
const tickMs = 250;
// A search that is over sooner needs no word of how far it has come.
const quickMs = 300;

// Flows older than the window that come or go make the count of them wrong
// for so long.
const recountMs = 5000;

const refusals: Partial<Record<FailureCode, Refused>> = {
  unauthenticated: "signed-out",
  permission_denied: "denied",
};

// Why a session was ended by this side without anything being wrong.
const ourTurnEnded = "turn";

/*
 * One WatchFlows stream, kept alive across failures, and the window of flows
 * that it has told. With a filter a search goes before it, which tells what it
 * finds while it looks. Lives until close(), or until the server does not take
 * the filter; `publish` gets what tabs are to know.
 */
export class Feed {
  status: Status = { state: "connecting", since: 0, reason: "" };
  total: number | null = null;
  evicted = 0;
  losses: readonly Loss[] = [];
  private limited = false;
  private search: Search | null = null;
  private fault: Fault | null = null;
  private window = new FlowWindow(windowMax);
  /* A reset fills a window of its own, shown only once it is whole. */
  private fresh: FlowWindow | null = null;
  /* A first reset has been told to its end. */
  private whole = false;
  private cursor = "";
  /* Matches older than the window, where it takes a call to know. */
  private counted: number | null = null;
  private dropped = 0;
  private countTimer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private readonly closed = new AbortController();
  private session: AbortController | null = null;
  private heardAt = 0;
  private endSleep: (() => void) | null = null;
  private changed = new Map<number, Row>();
  private gone = new Set<number>();
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private flushedAt = 0;
  private readonly pace = new Pace();
  private toldCounts = "";

  constructor(
    readonly filter: string,
    private readonly calls: Calls,
    private readonly slots: Slots,
    private readonly publish: (message: ToTab) => void,
  ) {
    void this.run();
  }

  close(): void {
    this.closed.abort();
    this.session?.abort();
    this.endSleep?.();
    clearTimeout(this.flushTimer);
    clearTimeout(this.countTimer);
  }

  /* Everything that a tab which joins now has to know. */
  snapshot(): ToTab[] {
    this.flush();
    const messages: ToTab[] = [
      { type: "status", filter: this.filter, status: this.status },
    ];
    if (this.flushedAt > 0) messages.push(this.batch(true, this.window.rows, []));
    const { filter, losses, search, fault } = this;
    if (losses.length > 0) messages.push({ type: "losses", filter, losses });
    if (search) messages.push({ type: "search", filter, search });
    if (fault) messages.push({ type: "fault", filter, fault });
    return messages;
  }

  /* Tries at once if it was waiting, or if the stream has died in silence. */
  wake(): void {
    this.endSleep?.();
    if (this.session && Date.now() - this.heardAt > silenceMs) this.session.abort();
  }

  private async run(): Promise<void> {
    while (await this.slots.take(this.closed.signal)) {
      let reason = "The server ended the stream";
      let refused: Refused | undefined;
      const session = new AbortController();
      this.session = session;
      try {
        await this.listen(session);
      } catch (error) {
        const failure = Failure.from(error);
        this.fault = faultOf(failure);
        refused = refusals[failure.code];
        // The browser's own words for it say less.
        const unreachable = failure.cause instanceof TypeError;
        reason = unreachable ? "There is no connection to the server" : failure.message;
      }
      const { reason: cause } = session.signal;
      this.session = null;
      this.slots.give();
      if (this.closed.signal.aborted) return;
      if (this.fault) {
        this.setStatus({ state: "live", since: 0, reason: "" });
        this.publish({ type: "fault", filter: this.filter, fault: this.fault });
        return;
      }
      if (cause === ourTurnEnded) continue;
      await this.lost(reason, refused);
    }
  }

  private async listen(session: AbortController): Promise<void> {
    const started = Date.now();
    this.heardAt = started;
    let caughtUp = false;
    const watchdog = setInterval(() => {
      if (Date.now() - this.heardAt > silenceMs) session.abort();
      const turnOver = caughtUp && Date.now() - started >= turnMs;
      if (turnOver && this.slots.contended) session.abort(ourTurnEnded);
    }, tickMs);
    // A loop over a stream that is silent would never see the abort.
    const aborted = new Promise<never>((_, reject) => {
      session.signal.addEventListener("abort", () =>
        reject(new Error("The server gave no sign of life")),
      );
    });
    aborted.catch(() => {});
    const heed: Heed = async (call, take) => {
      const { cursor, filter } = this;
      const asked = { cursor, limit: firstLimit, filter: { expression: filter } };
      const answers = call(asked, session.signal)[Symbol.asyncIterator]();
      while (true) {
        const next = await Promise.race([answers.next(), aborted]);
        if (next.done) return;
        this.heardAt = Date.now();
        this.attempt = 0;
        this.setStatus({ state: "live", since: 0, reason: "" });
        take(next.value);
      }
    };
    try {
      if (this.cursor === "" && this.filter !== "") await this.find(heed);
      await heed(this.calls.watch, (told) => {
        this.take(told);
        caughtUp = told.caughtUp;
      });
    } finally {
      clearInterval(watchdog);
      this.setSearch(null);
      session.abort();
    }
  }

  /* The newest flows that match, and where a watch goes on from. */
  private async find(heed: Heed): Promise<void> {
    const found = new FlowWindow(windowMax);
    const begun = Date.now();
    let end: QueryEnd | undefined;
    this.changed.clear();
    this.gone.clear();
    await heed(this.calls.query, (answer) => {
      const rows = answer.flows.map(toRow);
      if (rows.length > 0) {
        found.apply(rows, []);
        const reset = this.window !== found;
        this.window = found;
        this.tell(reset, rows, []);
      }
      if (answer.progress) {
        this.limited = answer.progress.limited;
        if (Date.now() - begun > quickMs)
          this.setSearch({ backToMs: timestampMs(answer.progress.backTo) });
      }
      end = answer.end ?? end;
    });
    if (!end) throw new Error("The server ended the search too early");
    this.cursor = end.watchCursor;
    this.swap(found);
    this.setSearch(null);
  }

  private take(message: WatchFlowsResponse): void {
    if (message.reset) {
      this.fresh = new FlowWindow(windowMax);
      this.changed.clear();
      this.gone.clear();
    }
    const rows = message.flows.map(toRow);
    const gone = message.gone.map(Number);
    this.total = Number(message.total);
    this.evicted = Number(message.evicted);
    this.cursor = message.cursor;
    this.takeLosses(message);
    if (this.fresh) {
      this.fresh.apply(rows, gone);
      if (message.caughtUp) this.swap(this.fresh);
      return;
    }
    for (const number of gone) {
      this.changed.delete(number);
      this.gone.add(number);
    }
    for (const row of rows) {
      this.gone.delete(row.number);
      this.changed.set(row.number, row);
    }
    this.flushSoon();
  }

  private takeLosses({ reset, losses }: WatchFlowsResponse): void {
    if (losses.length === 0 && !(reset && this.losses.length > 0)) return;
    this.losses = mergeLosses(reset ? [] : this.losses, losses.map(toLoss));
    this.publish({ type: "losses", filter: this.filter, losses: this.losses });
  }

  private swap(fresh: FlowWindow): void {
    fresh.settle(firstLimit);
    // A search has told its rows as they were found.
    const isTold = this.window === fresh;
    this.window = fresh;
    this.fresh = null;
    this.whole = true;
    this.counted = fresh.hasOlder ? null : 0;
    this.tell(!isTold, isTold ? [] : fresh.rows, []);
    this.countSoon(0);
  }

  private tell(reset: boolean, rows: readonly Row[], gone: readonly number[]): void {
    this.flushedAt = Date.now();
    this.publish(this.batch(reset, rows, gone));
  }

  private get counts(): string {
    return `${this.total} ${this.evicted} ${this.counted}`;
  }

  private get below(): number | null {
    const { window, total } = this;
    if (!window.hasOlder) return 0;
    if (this.filter !== "") return this.counted;
    return total === null ? null : Math.max(0, total - window.rows.length);
  }

  /* Without a filter the stream tells by itself how many flows there are. */
  private countSoon(waitMs: number): void {
    if (this.filter === "" || !this.window.hasOlder || this.countTimer) return;
    this.countTimer = setTimeout(() => void this.count(), waitMs);
  }

  private async count(): Promise<void> {
    const { window, filter, calls, dropped: droppedBefore } = this;
    const { floor } = window;
    try {
      const count = await calls.count(filter, floor, this.closed.signal);
      if (this.window !== window) return;
      // What was dropped meanwhile is older than the window too.
      this.counted = count + this.dropped - droppedBefore;
      this.flushSoon();
    } catch {
      if (!this.closed.signal.aborted) setTimeout(() => this.countSoon(0), recountMs);
    } finally {
      this.countTimer = undefined;
    }
  }

  private batch(reset: boolean, rows: readonly Row[], gone: readonly number[]): ToTab {
    const { filter, total, evicted, limited, below } = this;
    const { floor } = this.window;
    const counts = { floor, below, total, evicted };
    this.toldCounts = this.counts;
    return { type: "batch", filter, reset, rows, gone, ...counts, limited };
  }

  private flushSoon(): void {
    if (this.flushTimer !== undefined) return;
    const wait = this.flushedAt + this.pace.restMs - Date.now();
    if (wait > 0) this.flushTimer = setTimeout(() => this.flush(), wait);
    else this.flush();
  }

  private flush(): void {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    if (!this.whole) return;
    const rows = [...this.changed.values()];
    const gone = [...this.gone];
    if (rows.length === 0 && gone.length === 0 && this.counts === this.toldCounts) return;
    this.changed.clear();
    this.gone.clear();
    this.pace.told(rows.length, Date.now());
    const { floor } = this.window;
    const isBelow = (number: number) => number < floor;
    if (gone.some(isBelow) || rows.some((row) => isBelow(row.number)))
      this.countSoon(recountMs);
    const dropped = this.window.apply(rows, gone).length;
    this.dropped += dropped;
    if (this.counted !== null) this.counted += dropped;
    this.tell(false, rows, gone);
  }

  /* Says so, and waits before the next try. */
  private async lost(reason: string, refused: Refused | undefined): Promise<void> {
    const since = this.status.since || Date.now();
    // A first failure is often a restart that is over at once.
    const isFirst = this.attempt === 0 && this.status.state === "live";
    this.setStatus({
      state: refused ?? (isFirst ? "connecting" : "offline"),
      since,
      reason,
    });
    const wait = backoffMs(this.attempt++);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.endSleep = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.endSleep = null;
  }

  private setStatus(status: Status): void {
    const { state, since, reason } = this.status;
    if (state === status.state && since === status.since && reason === status.reason)
      return;
    this.status = status;
    this.publish({ type: "status", filter: this.filter, status });
  }

  private setSearch(search: Search | null): void {
    if (search === this.search) return;
    this.search = search;
    this.publish({ type: "search", filter: this.filter, search });
  }
}

/* What is wrong with the filter, if that is why a call failed. */
function faultOf(failure: Failure): Fault | null {
  if (failure.code !== "invalid_argument") return null;
  const detail = detailOf<FilterError>(failure, "mitmflow.v1.FilterError");
  if (!detail) return { message: failure.message, position: 0, length: 0 };
  const { message, position, length } = detail;
  return { message, position, length };
}

import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { Failure } from "../wire/failure";

export interface Loaded {
  number: number;
  flow: Flow | null;
  /* Why it could not be fetched, or not again: then `flow` is as it was. */
  error: unknown;
}

/* Whether there is no such flow, or no longer. */
export function isGone(loaded: Loaded | null): boolean {
  return loaded?.error != null && Failure.from(loaded.error).code === "not_found";
}

export type FetchFlow = (number: number, signal: AbortSignal) => Promise<Flow>;

/* An answer that was asked for before the flow was wanted. */
export interface Asked {
  loaded: Loaded | null;
  /* When that came, as Date.now(). */
  loadedAt: number;
  loading: Promise<Loaded>;
  /* Set by who waits for it. */
  isTaken: boolean;
}

const shortestPauseMs = 200;
// What is told of a flow beside its changes may be older than this no longer.
const freshMs = 5000;

/*
 * Fetches the open flow, and again whenever it has changed since, one call
 * at a time. A flow that takes long to fetch is fetched less often.
 */
export class FlowLoader {
  private number: number | null = null;
  private wanted = 0;
  private loaded = -1;
  private shown: Loaded | null = null;
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly fetchFlow: FetchFlow,
    private readonly told: (loaded: Loaded | null) => void,
    private readonly askedOf: (number: number) => Asked | undefined = () => undefined,
  ) {}

  /* Shows flow `number` as it is at `change` or later; 0: as it is now. */
  want(number: number | null, change: number): void {
    if (number !== this.number) {
      this.stop();
      this.number = number;
      this.wanted = change;
      this.loaded = -1;
      if (number === null) this.tell(null);
      else this.begin(number);
    } else if (change > this.wanted) {
      this.wanted = change;
      this.schedule(0);
    }
  }

  /* Fetches once more, whatever is known. */
  reload(): void {
    this.loaded = -1;
    this.schedule(0);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.abort?.abort();
    this.abort = null;
    this.number = null;
  }

  private tell(loaded: Loaded | null): void {
    this.shown = loaded;
    this.told(loaded);
  }

  private begin(number: number): void {
    const asked = this.askedOf(number);
    if (!asked?.loaded?.flow) {
      this.tell(null);
      void this.load(asked);
      return;
    }
    this.tell(asked.loaded);
    const isFresh = Date.now() - asked.loadedAt < freshMs;
    this.loaded = isFresh ? changeOf(asked.loaded) : -1;
    if (this.loaded < Math.max(this.wanted, 1)) this.schedule(0);
  }

  private schedule(pause: number): void {
    if (this.abort || this.timer !== undefined || this.number === null) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.load();
    }, pause);
  }

  private async load(asked?: Asked): Promise<void> {
    const { number } = this;
    if (number === null || this.loaded >= Math.max(this.wanted, 1)) return;
    const abort = new AbortController();
    this.abort = abort;
    const started = Date.now();
    const loaded = await (this.join(asked) ?? this.fetch(number, abort.signal));
    if (abort.signal.aborted) return;
    this.loaded = loaded.flow ? changeOf(loaded) : this.wanted;
    const before = this.shown?.number === number ? this.shown.flow : null;
    this.tell({ ...loaded, flow: loaded.flow ?? before });
    this.abort = null;
    const pause = Math.max(shortestPauseMs, 2 * (Date.now() - started));
    if (this.loaded < this.wanted) this.schedule(pause);
  }

  /* An answer that is on its way, unless that failed. */
  private join(asked: Asked | undefined): Promise<Loaded> | null {
    if (!asked || asked.loaded) return null;
    asked.isTaken = true;
    return asked.loading;
  }

  private async fetch(number: number, signal: AbortSignal): Promise<Loaded> {
    try {
      return { number, flow: await this.fetchFlow(number, signal), error: null };
    } catch (error) {
      return { number, flow: null, error };
    }
  }
}

function changeOf({ flow }: Loaded): number {
  return Number(flow?.summary?.change ?? 0);
}

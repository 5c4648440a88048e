import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";

export interface Loaded {
  number: number;
  flow: Flow | null;
  error: unknown;
}

export type FetchFlow = (number: number, signal: AbortSignal) => Promise<Flow>;

const shortestPauseMs = 200;

/*
 * Fetches the open flow, and again whenever it has changed since, one call
 * at a time. A flow that takes long to fetch is fetched less often.
 */
export class FlowLoader {
  private number: number | null = null;
  private wanted = 0;
  private loaded = -1;
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly fetchFlow: FetchFlow,
    private readonly tell: (loaded: Loaded | null) => void,
  ) {}

  /* Shows flow `number` as it is at `change` or later; 0: as it is now. */
  want(number: number | null, change: number): void {
    if (number !== this.number) {
      this.stop();
      this.number = number;
      this.wanted = change;
      this.loaded = -1;
      this.tell(null);
      if (number !== null) void this.load();
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

  private schedule(pause: number): void {
    if (this.abort || this.timer !== undefined || this.number === null) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.load();
    }, pause);
  }

  private async load(): Promise<void> {
    const { number } = this;
    if (number === null || this.loaded >= Math.max(this.wanted, 1)) return;
    const abort = new AbortController();
    this.abort = abort;
    const started = Date.now();
    try {
      const flow = await this.fetchFlow(number, abort.signal);
      if (abort.signal.aborted) return;
      this.loaded = Number(flow.summary?.change ?? this.wanted);
      this.tell({ number, flow, error: null });
    } catch (error) {
      if (abort.signal.aborted) return;
      this.loaded = this.wanted;
      this.tell({ number, flow: null, error });
    }
    this.abort = null;
    const pause = Math.max(shortestPauseMs, 2 * (Date.now() - started));
    if (this.loaded < this.wanted) this.schedule(pause);
  }
}

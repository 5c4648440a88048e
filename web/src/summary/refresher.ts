/*
 * Calls `work` again and again while what it tells of changes: at most once
 * in `restMs`, and never for more than a tenth of the time, so that a server
 * that takes long is asked seldom.
 */
export class Refresher {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: AbortController | null = null;
  private isStale = false;
  private endedAt = 0;
  private tookMs = 0;

  constructor(
    private readonly work: (signal: AbortSignal) => Promise<void>,
    private readonly restMs: number,
    private readonly isSeen: () => boolean,
  ) {}

  /* What is shown may not be true any more. */
  touch(): void {
    this.isStale = true;
    if (this.running || this.timer !== undefined || !this.isSeen()) return;
    const rest = Math.max(this.restMs, 9 * this.tookMs);
    const wait = Math.max(0, this.endedAt + rest - Date.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.run();
    }, wait);
  }

  /* Goes on after it could not be seen. */
  look(): void {
    if (this.isStale) this.touch();
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.running?.abort();
  }

  private async run(): Promise<void> {
    const running = new AbortController();
    const begun = Date.now();
    this.running = running;
    this.isStale = false;
    await this.work(running.signal);
    if (running.signal.aborted) return;
    this.running = null;
    this.endedAt = Date.now();
    this.tookMs = this.endedAt - begun;
    this.look();
  }
}

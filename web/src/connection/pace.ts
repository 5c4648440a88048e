// What comes together goes to tabs together. They draw it in their next frame,
// so to wait for a frame here too would be to wait twice.
const soonMs = 1;
// More rows than that nobody reads one by one: fewer and larger batches leave
// the machine, and whoever presses a key, their time.
const fastPerMs = 0.6;
const fastRestMs = 50;
// The rate is counted over so long at least.
const spanMs = 100;

/* How long after a batch the next one goes. */
export class Pace {
  private rows = 0;
  private sinceMs = Number.NEGATIVE_INFINITY;
  private isFast = false;

  /* A batch of so many rows goes now. */
  told(rows: number, nowMs: number): void {
    const elapsedMs = nowMs - this.sinceMs;
    if (elapsedMs >= spanMs) {
      this.isFast = this.rows / elapsedMs > fastPerMs;
      this.rows = 0;
      this.sinceMs = nowMs;
    }
    this.rows += rows;
  }

  get restMs(): number {
    return this.isFast ? fastRestMs : soonMs;
  }
}

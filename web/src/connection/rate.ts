/* How many flows came a second, from their count at some times. */
export class RateMeter {
  private readonly told: { ms: number; count: number }[] = [];

  constructor(private readonly spanMs = 10_000) {}

  add(count: number, ms: number): void {
    const last = this.told.at(-1);
    // Flows were deleted, or it is another server: begin anew.
    if (last && count < last.count) this.told.length = 0;
    this.told.push({ ms, count });
    while ((this.told[1]?.ms ?? ms) <= ms - this.spanMs) this.told.shift();
  }

  /* Flows a second; 0 while too little is known. */
  get rate(): number {
    const first = this.told[0];
    const last = this.told.at(-1);
    if (!first || !last || last.ms - first.ms < 1000) return 0;
    return ((last.count - first.count) * 1000) / (last.ms - first.ms);
  }
}

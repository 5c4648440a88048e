let misses = 0;

export function title(name: string): void {
  console.log(`\n${name}`);
}

/* A figure, its goal where there is one, and a mark where it misses it. */
export function row(name: string, figure: string, goal = "", ok = true): void {
  if (!ok) misses++;
  const mark = ok ? "" : "  MISSES";
  console.log(`  ${name.padEnd(52)}${figure.padEnd(32)}${goal}${mark}`);
}

export function end(): void {
  console.log(misses === 0 ? "\nall goals are met" : `\n${misses} goals are missed`);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1);
  return sorted[Math.max(0, at)] ?? Number.NaN;
}

export const ms = (value: number) => `${value.toFixed(value < 100 ? 1 : 0)} ms`;

/* Median and worst of several tries, held against a goal for the median. */
export function times(name: string, values: readonly number[], goalMs?: number): void {
  const median = quantile(values, 0.5);
  const goal = goalMs === undefined ? "" : `<= ${goalMs} ms`;
  const figure = `${ms(median)}  (worst ${ms(Math.max(...values))})`;
  row(name, figure, goal, goalMs === undefined || median <= goalMs);
}

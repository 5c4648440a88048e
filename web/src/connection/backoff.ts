const firstMs = 250;
const lastMs = 5000;

/*
 * How long to wait before try `attempt` (from 0): doubling from 0.25 s to
 * 5 s, less up to a half at random, so that many tabs do not come back in step.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(lastMs, firstMs * 2 ** Math.min(attempt, 16));
  return full * (1 - random() / 2);
}

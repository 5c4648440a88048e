import { expect, it } from "vitest";
import { backoffMs } from "./backoff";

it("doubles from a quarter of a second to five seconds", () => {
  const waits = [0, 1, 2, 3, 4, 5, 99].map((attempt) => backoffMs(attempt, () => 0));
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
});

it("is up to a half shorter at random", () => {
  expect(backoffMs(2, () => 0.5)).toBe(750);
  expect(backoffMs(0, () => 0.999)).toBeGreaterThanOrEqual(125);
});

import { expect, it } from "vitest";
import { Pace } from "./pace";

/* Batches of so many rows, one after each rest, for so long. */
function paced(pace: Pace, perSecond: number, fromMs: number, forMs: number): number {
  let at = fromMs;
  for (; at < fromMs + forMs; at += pace.restMs)
    pace.told(Math.round((perSecond * pace.restMs) / 1000), at);
  return at;
}

it("rests shortly while rows come slowly, and after one large batch", () => {
  const pace = new Pace();
  expect(pace.restMs).toBe(1);
  paced(pace, 250, 0, 1000);
  expect(pace.restMs).toBe(1);
  pace.told(500, 60_000);
  expect(pace.restMs).toBe(1);
});

it("rests longer while they come fast, until they come slowly again", () => {
  const pace = new Pace();
  const at = paced(pace, 2000, 0, 1000);
  expect(pace.restMs).toBe(50);
  paced(pace, 100, at, 300);
  expect(pace.restMs).toBe(1);
});

import { expect, it } from "vitest";
import { RateMeter } from "./rate";

it("is the mean of the last ten seconds", () => {
  const meter = new RateMeter();
  expect(meter.rate).toBe(0);
  for (let second = 0; second <= 60; second++) meter.add(second * 38, second * 1000);
  expect(meter.rate).toBe(38);
  for (let second = 61; second <= 71; second++) meter.add(60 * 38, second * 1000);
  expect(meter.rate).toBe(0);
});

it("begins anew when flows were deleted", () => {
  const meter = new RateMeter();
  meter.add(1_000_000, 0);
  meter.add(3, 1000);
  expect(meter.rate).toBe(0);
  meter.add(13, 3000);
  expect(meter.rate).toBe(5);
});

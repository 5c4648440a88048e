import { afterEach, beforeEach, expect, it, vi } from "vitest";

vi.mock("../connection/api", () => ({ api: {}, callTimeoutMs: 0 }));

import { Highlighter } from "./highlighter";

const asked: [string, readonly number[]][] = [];
const make = () =>
  new Highlighter(async (filter, numbers) => {
    asked.push([filter, numbers]);
    if (filter === "wrong") throw new Error("no");
    return numbers.filter((number) => number % 2 === 1);
  });
const pause = () => vi.advanceTimersByTimeAsync(1000);

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
});
afterEach(() => vi.useRealTimers());

it("asks of the rows on the page, once for each state of a flow", async () => {
  const one = make();
  one.show(1, 10);
  const hide = one.show(2, 11);
  await pause();
  expect(asked).toEqual([]);
  one.setFilter("~e");
  await pause();
  hide();
  one.show(3, 12);
  await pause();
  one.show(1, 13);
  await pause();
  expect(asked).toEqual([
    ["~e", [1, 2]],
    ["~e", [3]],
    ["~e", [1]],
  ]);
  expect([1, 2, 3].map((number) => one.isMarked(number))).toEqual([true, false, true]);
});

it("forgets what another filter marked, and marks nothing for one that is wrong", async () => {
  const one = make();
  one.show(1, 10);
  one.setFilter("~e");
  await pause();
  let told = 0;
  one.subscribe(() => told++);
  one.setFilter("wrong");
  expect(one.isMarked(1)).toBe(false);
  expect(told).toBe(1);
  await pause();
  expect(one.isMarked(1)).toBe(false);
  one.setFilter("~q");
  await pause();
  expect(one.isMarked(1)).toBe(true);
  one.setFilter("");
  expect(one.isMarked(1)).toBe(false);
});

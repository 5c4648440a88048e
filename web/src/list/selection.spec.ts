import { expect, it } from "vitest";
import {
  countSelected,
  everything,
  isEmpty,
  isSelected,
  nothing,
  toggled,
  withRange,
} from "./selection";

it("begins with where the reader stands, and takes back what is toggled twice", () => {
  const two = toggled(nothing, 7, 3);
  expect([...two.numbers].sort()).toEqual([3, 7]);
  const one = toggled(two, 3, 7);
  expect(isSelected(one, 3)).toBe(false);
  expect(isEmpty(toggled(one, 7, 7))).toBe(true);
});

it("knows all but some of a list of any length", () => {
  const most = toggled(everything, 5, 5);
  expect(isSelected(most, 5)).toBe(false);
  expect(isSelected(most, 6)).toBe(true);
  expect(countSelected(most, 1_000_000)).toBe(999_999);
  expect(countSelected(withRange(most, [4, 5, 6], true), 10)).toBe(10);
});

it("is a range, or has one more", () => {
  const first = withRange(nothing, [1, 2, 3], false);
  const both = withRange(first, [7, 8], true);
  expect(countSelected(both, 100)).toBe(5);
  expect(countSelected(withRange(both, [9], false), 100)).toBe(1);
});

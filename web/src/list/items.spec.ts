import { describe, expect, it } from "vitest";
import { row } from "../connection/testing";
import { type Item, itemIndex, itemKey, toItems } from "./items";

const at = (number: number, day: number) => row(number, { day, startMs: day });
const text = (items: Item[]) =>
  items.map((item) =>
    item.type === "flow"
      ? item.row.number
      : item.type === "day"
        ? `d${item.day}`
        : "older",
  );

describe("toItems", () => {
  it("puts no line above today's flows", () => {
    expect(text(toItems([at(1, 9), at(2, 9)], "newest-first", false, 9))).toEqual([2, 1]);
    expect(text(toItems([at(1, 9), at(2, 9)], "oldest-first", false, 9))).toEqual([1, 2]);
  });

  it("puts a line where the day changes", () => {
    const rows = [at(1, 7), at(2, 8), at(3, 9)];
    expect(text(toItems(rows, "newest-first", false, 9))).toEqual([3, "d8", 2, "d7", 1]);
    expect(text(toItems(rows, "oldest-first", false, 9))).toEqual([
      "d7",
      1,
      "d8",
      2,
      "d9",
      3,
    ]);
  });

  it("offers older flows at the oldest end", () => {
    expect(text(toItems([at(1, 9)], "newest-first", true, 9))).toEqual([1, "older"]);
    expect(text(toItems([at(1, 9)], "oldest-first", true, 9))).toEqual(["older", 1]);
  });

  it("gives every line a key of its own, also where a day comes twice", () => {
    const rows = [
      at(1, 8),
      row(2, { day: 7, startMs: 1 }),
      row(3, { day: 8, startMs: 2 }),
    ];
    const keys = toItems(rows, "newest-first", true, 9).map(itemKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("finds a flow among the lines", () => {
    const items = toItems([at(1, 8), at(2, 9)], "newest-first", false, 9);
    expect(itemIndex(items, 1)).toBe(2);
    expect(itemIndex(items, 5)).toBe(-1);
  });
});

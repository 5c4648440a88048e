import { Text } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import { Finder, patternOf } from "./find";

function all(doc: Text, pattern: RegExp): Promise<Finder> {
  return new Promise((resolve) => {
    new Finder(doc, pattern, (finder) => finder.done && resolve(finder)).start();
  });
}

const plain = { isRegex: false, isCaseSensitive: false };

describe("finding in a text", () => {
  it("takes marks of patterns for themselves, and case for nothing", () => {
    expect("x A.B(1) ab(1)".match(patternOf({ text: "a.b(", ...plain }) ?? /$/)).toEqual([
      "A.B(",
    ]);
    expect(patternOf({ text: "", ...plain })).toBeNull();
    expect(() => patternOf({ text: "(", ...plain, isRegex: true })).toThrow();
  });

  it("finds every place in every line", async () => {
    const doc = Text.of(["one two one", "", "oneone", "ONE"]);
    const finder = await all(doc, patternOf({ text: "one", ...plain }) ?? /$/);
    expect(finder.found.map(({ from }) => from)).toEqual([0, 8, 13, 16, 20]);
    expect(finder.indexFrom(9)).toBe(2);
    expect(finder.indexFrom(21)).toBe(0);
  });

  it("ends although a pattern matches nothing at all", async () => {
    const finder = await all(Text.of(["abc"]), /x*/gu);
    expect(finder.found).toEqual([]);
  });
});

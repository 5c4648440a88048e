import { describe, expect, it } from "vitest";
import { visible, visibleLine } from "./captured";

describe("visible", () => {
  it("leaves ordinary text of any script alone", () => {
    const text =
      "a\tb\nZ\u00fcrich \u05e9\u05dc\u05d5\u05dd \u4f60\u597d \ud83d\ude00 <img src=x>";
    expect(visible(text)).toBe(text);
  });

  it.each([
    ["\u0000", "\u2400"],
    ["\u001b[31m", "\u241b[31m"],
    ["\u007f", "\u2421"],
    ["\u0085", "\u27e8U+0085\u27e9"],
    ["\u200b", "\u27e8U+200B\u27e9"],
    ["\u202e", "\u27e8U+202E\u27e9"],
    ["\u2066", "\u27e8U+2066\u27e9"],
    ["\ufeff", "\u27e8U+FEFF\u27e9"],
    ["\udb40\udc41", "\u27e8U+E0041\u27e9"],
  ])("shows %j as itself", (hidden, shown) =>
    expect(visible(`a${hidden}b`)).toBe(`a${shown}b`),
  );

  it("takes half a surrogate pair", () => {
    expect(visible("\ud83d")).toBe("\ud83d");
  });
});

it("visibleLine keeps to one line", () => {
  expect(visibleLine("a\r\nb\tc")).toBe("a\u240d\u240ab\u2409c");
});

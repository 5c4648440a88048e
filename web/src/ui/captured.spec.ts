import { describe, expect, it } from "vitest";
import { visible, visibleLine, visibleName } from "./captured";

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

describe("a joiner", () => {
  const spelt = (text: string) =>
    text
      .replaceAll("\u200c", "\u27e8U+200C\u27e9")
      .replaceAll("\u200d", "\u27e8U+200D\u27e9");

  it.each([
    ["Persian", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"],
    ["Arabic with vowel signs", "\u0647\u064e\u200d\u0647"],
    ["Hindi", "\u0915\u094d\u200d\u0937 \u0915\u094d\u200c\u0937"],
    ["Bengali", "\u09b0\u200d\u09cd\u09af"],
    ["Malayalam, at the end of a word", "\u0d05\u0d35\u0d28\u0d4d\u200d."],
    ["Sinhala", "\u0dc1\u0dca\u200d\u0dbb\u0dd3"],
    ["a family", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}"],
    ["a doctor with a tone of skin", "\u{1f469}\u{1f3fd}\u200d\u2695\ufe0f"],
    ["a heart on fire", "\u2764\ufe0f\u200d\u{1f525}"],
  ])("is left where %s needs it, but in no name", (_, text) => {
    expect(visible(text)).toBe(text);
    expect(visibleLine(text)).toBe(text);
    expect(visibleName(text)).toBe(spelt(text));
  });

  it.each([
    ["between Latin letters", "pay\u200dpal \u200c"],
    ["between figures", "\u0661\u200c\u0662 1\u200d2"],
    ["between Latin and Persian letters", "a\u200c\u0645 \u0645\u200ca"],
    ["at the beginning of a word", "\u200c\u0645\u06cc"],
    ["before another", "\u0645\u200c\u200c\u0645 \u{1f468}\u200d\u200d\u{1f469}"],
    ["beside a single picture", "\u{1f468}\u200d a\u200d\u{1f468}"],
    ["a non-joiner between pictures", "\u{1f468}\u200c\u{1f469}"],
  ])("is spelt out %s", (_, text) => expect(visible(text)).toBe(spelt(text)));
});

it("visibleName leaves ordinary names of any script alone", () => {
  const name = "\u0645\u062b\u0627\u0644.example b\u00fccher.example:8080";
  expect(visibleName(name)).toBe(name);
  expect(visibleName("a\u202e\nb")).toBe("a\u27e8U+202E\u27e9\u240ab");
});

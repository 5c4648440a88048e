import { describe, expect, it } from "vitest";
import { Marks } from "./document";
import { JsonIndenter } from "./json";
import { layOut, type Style } from "./layout";
import { type Splitter, TextSplitter } from "./lines";

const encode = (text: string) => new TextEncoder().encode(text);

function linesOf(splitter: Splitter): string[] {
  splitter.end();
  return splitter.out.take().text.split("\n");
}

function inOne(splitter: Splitter, text: string): string[] {
  splitter.push(text);
  return linesOf(splitter);
}

function byChar(splitter: Splitter, text: string): string[] {
  for (const char of text) splitter.push(char);
  return linesOf(splitter);
}

/* All lines of a text, and what is known of them. */
function laid(text: string, style: Style): { lines: string[]; marks: Marks } {
  const marks = new Marks();
  const lines: string[] = [];
  const parts = layOut({ bytes: encode(text), charset: "utf-8", style });
  for (;;) {
    const next = parts.next();
    if (next.done) {
      marks.fold(next.value.folds);
      return { lines, marks };
    }
    lines.push(...next.value.text.split("\n"));
    marks.add(next.value);
  }
}

describe("TextSplitter", () => {
  it.each([
    ["", [""]],
    ["a", ["a"]],
    ["a\nb\r\nc\rd\n", ["a", "b", "c", "d"]],
    ["\n\n", ["", ""]],
    ["a\r\n", ["a"]],
  ])("splits %j", (text, lines) => {
    expect(inOne(new TextSplitter(), text)).toEqual(lines);
    expect(byChar(new TextSplitter(), text)).toEqual(lines);
  });

  it("cuts a long line in several that share a number", () => {
    const { lines, marks } = laid(`${"x".repeat(4500)}\ny`, "plain");
    expect(lines.map((line, i) => [line.length, marks.numberOf(i + 1)])).toEqual([
      [2000, 1],
      [2000, 0],
      [500, 0],
      [1, 2],
    ]);
    expect(marks.goesOn(2)).toBe(true);
    expect(marks.goesOn(4)).toBe(false);
  });

  it("cuts a line of any length, but no character", () => {
    const text = `a${"\u{1f600}".repeat(100_000)}\nb`;
    const { lines, marks } = laid(text, "plain");
    expect(lines.every((line) => encodeURIComponent(line) !== "")).toBe(true);
    expect(lines.at(-1)).toBe("b");
    expect(marks.numberOf(lines.length)).toBe(2);
    expect(lines.slice(0, -1).join("")).toBe(text.slice(0, -2));
  });
});

describe("JsonIndenter", () => {
  const cases: [string, string[]][] = [
    [
      '{"a":1,"b":[true,null]}',
      ["{", '  "a": 1,', '  "b": [', "    true,", "    null", "  ]", "}"],
    ],
    ['{"a":{},"b":[ ]}', ["{", '  "a": {},', '  "b": []', "}"]],
    ['"a{,}[\\"]:b"', ['"a{,}[\\"]:b"']],
    ["12345678901234567890.10", ["12345678901234567890.10"]],
    ['{"a":1,"a":2}', ["{", '  "a": 1,', '  "a": 2', "}"]],
    ['{"a":1}\n{"b":2}', ["{", '  "a": 1', "}", "{", '  "b": 2', "}"]],
    ['{"cut":"of', ["{", '  "cut": "of']],
    ["]]}", ["]", "]", "}"]],
    ["", [""]],
  ];

  it.each(cases)("indents %j", (text, lines) => {
    expect(inOne(new JsonIndenter(), text)).toEqual(lines);
    expect(byChar(new JsonIndenter(), text)).toEqual(lines);
  });

  it("changes nothing but white space outside of strings", () => {
    const text = JSON.stringify({ a: [1, { b: ' c \\ " ' }], "": [[], {}, -1.5e300] });
    const lines = inOne(new JsonIndenter(), text);
    expect(JSON.stringify(JSON.parse(lines.join("\n")))).toBe(text);
  });

  it("takes any depth", () => {
    const lines = inOne(new JsonIndenter(), "[".repeat(20_000));
    expect(lines).toHaveLength(20_000);
    expect(lines.at(-1)?.length).toBeLessThan(100);
  });

  it("knows what can be folded, and what is inside", () => {
    const { marks } = laid('{"a":{"b":1,"c":[]},"d":[1,2,3]}', "json");
    expect(marks.foldAt(1)).toEqual({ from: 1, to: 11, count: 2, depth: 0 });
    expect(marks.foldAt(2)).toEqual({ from: 2, to: 5, count: 2, depth: 1 });
    expect(marks.foldAt(6)).toEqual({ from: 6, to: 10, count: 3, depth: 1 });
    expect(marks.foldAt(4)).toBeUndefined();
  });
});

describe("layOut", () => {
  it("reads characters that are split between two steps", () => {
    const text = `${"\u00e9".repeat(40_000)}\n`.repeat(3);
    const { lines } = laid(`x${text}`, "plain");
    expect(lines.join("")).toBe(`x${text.replaceAll("\n", "")}`);
  });

  it("hands a long text over in parts", () => {
    const bytes = encode(JSON.stringify(Array.from({ length: 100_000 }, (_, i) => i)));
    const parts = [...layOut({ bytes, charset: "utf-8", style: "json" })];
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.every((part) => part.text.length < 600_000)).toBe(true);
  });
});

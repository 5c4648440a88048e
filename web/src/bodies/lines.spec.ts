import { describe, expect, it } from "vitest";
import { JsonIndenter, LineReader, type Splitter, TextSplitter } from "./lines";

const encode = (text: string) => new TextEncoder().encode(text);

function inOne(splitter: Splitter, text: string): string[] {
  splitter.push(text);
  splitter.end();
  return splitter.lines.map((line) => line.text);
}

function byChar(splitter: Splitter, text: string): string[] {
  for (const char of text) splitter.push(char);
  splitter.end();
  return splitter.lines.map((line) => line.text);
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
    const splitter = new TextSplitter();
    inOne(splitter, `${"x".repeat(4500)}\ny`);
    expect(splitter.lines.map((line) => [line.text.length, line.number])).toEqual([
      [2000, 1],
      [2000, 0],
      [500, 0],
      [1, 2],
    ]);
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
});

describe("LineReader", () => {
  it("reads characters that are split between two steps", () => {
    const text = `${"\u00e9".repeat(40_000)}\n`.repeat(3);
    const reader = new LineReader(encode(`x${text}`), "utf-8", new TextSplitter());
    while (!reader.work(0)) expect(reader.done).toBe(false);
    expect(reader.lines.map((line) => line.text).join("")).toBe(
      `x${text.replaceAll("\n", "")}`,
    );
  });
});

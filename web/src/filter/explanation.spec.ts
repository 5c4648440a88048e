import { expect, it } from "vitest";
import { inkOf, inkUntilNow } from "./explanation";

it("cuts a filter at the server's tokens, which are counted in bytes", () => {
  const ink = inkOf("\u00fc | ~q", [
    { kind: "word", position: 0, length: 2 },
    { kind: "connective", position: 3, length: 1 },
    { kind: "operator", position: 5, length: 2 },
  ]);
  expect(ink.map(({ text, kind }) => `${kind}:${text}`)).toEqual([
    "word:\u00fc",
    ": ",
    "connective:|",
    ": ",
    "operator:~q",
  ]);
  expect(ink.map(({ text }) => text).join("")).toBe("\u00fc | ~q");
});

it("draws all of a filter whatever places it is told", () => {
  const places = [
    { kind: "word", position: 3, length: 900 },
    { kind: "word", position: 1, length: 1 },
  ] as const;
  const text = (filter: string) =>
    inkOf(filter, places)
      .map((piece) => piece.text)
      .join("");
  expect(text("abcdef")).toBe("abcdef");
});

it("keeps the colours of what begins alike until the server has answered", () => {
  const ink = inkOf("~m GET", [
    { kind: "operator", position: 0, length: 2 },
    { kind: "regex", position: 3, length: 3 },
  ]);
  const known = { filter: "~m GET", ink, words: "", fault: null };
  const drawn = (filter: string) =>
    inkUntilNow(filter, known).map(({ text, kind }) => `${kind}:${text}`);
  expect(drawn("~m GETs")).toEqual(["operator:~m", ": ", "regex:GET", ":s"]);
  expect(drawn("~m PUT")).toEqual(["operator:~m", ": ", ":PUT"]);
  expect(drawn("x")).toEqual([":x"]);
});

import { describe, expect, it } from "vitest";
import { exactly, exactText, noneOf, onlyThese, readClause, timeClause } from "./clause";

describe("readClause", () => {
  it.each([
    ["~d a", false, ["~d a"]],
    ["!~d a", true, ["~d a"]],
    ["! ( ~d a || ~m 'b c' )", true, ["~d a", "~m b c"]],
    ["(~http | ~dns)", false, ["~http ", "~dns "]],
    ["~d a | ~d b", false, ["~d a", "~d b"]],
    ["~size > 10k", false, ["~size > 10k"]],
    ["~c 4xx|~c 5xx", false, ["~c 4xx", "~c 5xx"]],
  ])("reads %j", (text, negated, choices) => {
    const clause = readClause(text);
    expect(clause?.negated).toBe(negated);
    expect(clause?.choices.map((c) => `${c.operator} ${c.operand}`)).toEqual(choices);
  });

  it.each([
    "",
    "a",
    "~d",
    "~d a ~d b",
    "~d a & ~d b",
    "!~d a | ~d b",
    "(~d a) | (~d b)",
    "((~d a))",
    "(~d a | !~d b)",
    "(~d a |)",
    '~d "a',
  ])("does not read %j", (text) => expect(readClause(text)).toBeNull());

  it("reads what the page writes", () => {
    const values = ["a.example", 'x "y" \\ (z)', "~", "a|b&c!", "\u00fc\tb\n"];
    for (const clause of [onlyThese("~d", ...values), noneOf("~d", ...values)]) {
      const operands = readClause(clause)?.choices.map(({ operand }) => operand) ?? [];
      expect(operands.map(exactText)).toEqual(values);
    }
  });
});

it("knows its own exact expressions from those of others", () => {
  expect(exactText(exactly("a.b*c"))).toBe("a.b*c");
  for (const other of ["a", "^a", "^a.b$", "^(a|b)$", "^\\d$", "^a\\$", "$", "^"])
    expect(exactText(other)).toBeNull();
});

it("writes a span of time that means the same in every time zone", () => {
  const from = Date.UTC(2026, 10, 27, 9, 0, 30, 500);
  expect(timeClause(from, from + 500)).toBe(
    "~time 2026-11-27T09:00:30.500Z..2026-11-27T09:00:31Z",
  );
});

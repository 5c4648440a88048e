import { describe, expect, it } from "vitest";
import { noneOf, onlyThese } from "./clause";
import { replaceClause, withClause, withoutClause } from "./combine";

describe("withClause", () => {
  it.each([
    ["", "~c 404", "~c 404"],
    ["  ", "~c 404", "~c 404"],
    ["a b", "~c 404", "a b ~c 404"],
    // Side by side binds less than |, so nothing needs parentheses.
    ["a | b", "~c 404", "a | b ~c 404"],
    ["~m POST & ~d x", "!~u y", "~m POST & ~d x !~u y"],
    ["a", "b | c", "a (b | c)"],
    ["a ~c 404", "~c 404", "a ~c 404"],
    ["(a ~c 404)", "~c 404", "(a ~c 404) ~c 404"],
    ["a ( b", "~c 404", "a ( b ~c 404"],
    ['a "b', "~c 404", 'a "b ~c 404'],
  ])("to %j puts %j", (filter, clause, whole) =>
    expect(withClause(filter, clause)).toBe(whole),
  );
});

describe("withoutClause", () => {
  it.each([
    ["~c 404", "~c 404", ""],
    ["a ~c 404 b", "~c 404", "a b"],
    ["~c 404 & b & c", "~c 404", "b & c"],
    ["a & ~c 404 & c", "~c 404", "a & c"],
    // It is one of two here, or inside, or text.
    ["~c 404 | b", "~c 404", "~c 404 | b"],
    ["!(~c 404)", "~c 404", "!(~c 404)"],
    ['"~c 404"', "~c 404", '"~c 404"'],
    ["~c 404 (", "~c 404", "~c 404 ("],
  ])("from %j takes %j", (filter, clause, rest) =>
    expect(withoutClause(filter, clause)).toBe(rest),
  );
});

describe("replaceClause", () => {
  it.each([
    ["", "~d", "~d ^b$", "~d ^b$"],
    ["x ~d a y", "~d", "~d ^b$", "x ~d ^b$ y"],
    ["x & !~d a & y", "~d", "~d b", "x & ~d b & y"],
    ["~d a !(~d b | ~d c) y", "~d", "(~d e | ~d f)", "(~d e | ~d f) y"],
    ["~d a ~device b", "~d", "", "~device b"],
    // One that is joined with something else is its reader's.
    ["~d a | ~m b", "~d", "~d c", "~d a | ~m b ~d c"],
    ["x", "~d", "", "x"],
    ["x (", "~d", "", "x ("],
    ["~c > 400 y", "~c", "~c 200", "~c 200 y"],
  ])("in %j, of %s, puts %j", (filter, operator, clause, whole) =>
    expect(replaceClause(filter, operator, clause)).toBe(whole),
  );

  it("takes operators that are alternatives together", () => {
    const types = ["~http", "~dns", "~tcp"];
    expect(replaceClause("x (~http | ~dns) y", types, "~tcp")).toBe("x ~tcp y");
    expect(replaceClause("x !~http y", types, "")).toBe("x y");
    expect(replaceClause("(~http | ~d a)", types, "~tcp")).toBe("(~http | ~d a) ~tcp");
  });
});

describe("onlyThese and noneOf", () => {
  it("find a text and nothing longer, whatever is in it", () => {
    expect(onlyThese("~d", "a.example")).toBe("~d ^a\\.example$");
    expect(noneOf("~m", "GET", "PUT")).toBe("!(~m ^GET$ | ~m ^PUT$)");
    expect(onlyThese("~source", 'the "lab" (2)')).toBe(
      '~source "^the \\"lab\\" \\\\(2\\\\)$"',
    );
  });
});

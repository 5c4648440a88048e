import { describe, expect, it } from "vitest";
import { uncounted } from "./facetValue";
import { operatorsFor, spotAt, valuesFor } from "./suggest";

const at = (text: string) => spotAt(text.replace("^", ""), text.indexOf("^"));

describe("spotAt", () => {
  it("knows an operator from what follows it", () => {
    expect(at("a ~de^ b")).toMatchObject({ kind: "operator", typed: "~de", from: 2 });
    expect(at("a ~d ^")).toMatchObject({ kind: "operand", operator: "~d", typed: "" });
    expect(at("~m GET ~d ex^")).toMatchObject({ kind: "operand", typed: "ex", from: 10 });
    expect(at("^")).toEqual({ kind: "start" });
  });

  it("leaves the filter without the clause that is written", () => {
    expect(at("~m GET ~d ex^")).toMatchObject({ rest: "~m GET" });
    expect(at("~m GET ~d ^ ~c 200")).toMatchObject({ rest: "~m GET ~c 200" });
    expect(at("(~m GET ~d ex^")).toMatchObject({ rest: "" });
  });

  it.each(["needle^", "~q ^", '~d "a b"^', '~d "a^', "~d exa^mple"])(
    "completes nothing in %s but where a word ends",
    (text) => {
      const spot = at(text);
      if (text === "~d exa^mple") expect(spot).toMatchObject({ typed: "exa" });
      else expect(spot).toBeNull();
    },
  );
});

describe("completions", () => {
  const operators = [
    { name: "~d", finds: "the host matches", takesOperand: true },
    { name: "~dns", finds: "it is DNS", takesOperand: false },
    { name: "~m", finds: "the method matches", takesOperand: true },
  ];

  it("of URLs are hosts and paths that were met", () => {
    const found = [
      { value: "api.example", count: 7 },
      { value: "api.example/v2/cart", count: uncounted },
    ];
    const spot = { operator: "~u", typed: "/v2", from: 3, to: 6, rest: "" };
    const [first, ...others] = valuesFor({ kind: "operand", ...spot }, found);
    expect(first).toMatchObject({ detail: "", insert: "api.example/v2/cart " });
    expect(others).toEqual([]);
  });

  it("of operators are those that begin so, or whose meaning has the word", () => {
    const labels = (typed: string) =>
      operatorsFor({ kind: "operator", typed, from: 0, to: typed.length }, operators).map(
        ({ label }) => label,
      );
    expect(labels("~d")).toEqual(["~d", "~dns"]);
    expect(labels("~meth")).toEqual(["~m"]);
    expect(labels("~")).toEqual(["~d", "~dns", "~m"]);
  });

  it("of values begin with what was typed, and are written so that they find it", () => {
    const found = [
      { value: "cdn.example", count: 7 },
      { value: "a.cdn(2)", count: 1200 },
      { value: "other", count: 1 },
    ];
    const values = valuesFor(
      { kind: "operand", operator: "~d", typed: "CDN", from: 3, to: 6, rest: "" },
      found,
    );
    expect(values.map(({ label, detail, insert }) => [label, detail, insert])).toEqual([
      ["cdn.example", "7", "cdn.example "],
      ["a.cdn(2)", "1,200", '"a.cdn\\\\(2\\\\)" '],
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { domainsOf, nodesOf } from "./nodes";
import { linesOf, moveOf } from "./walk";

const count = { count: 1, errors: 0 };
const roots = domainsOf(
  [
    { value: "a.one.example.com", count: 3, errors: 0 },
    { value: "b.example.com", ...count },
    { value: "zoo.example", ...count },
  ],
  "",
);
const domain = roots[0]?.id ?? "";
const host = roots[0]?.children?.[0]?.id ?? "";
const methods = new Map([[host, nodesOf("method", [{ value: "GET", ...count }], host)]]);
const lines = linesOf(roots, new Set([domain, host]), methods);
const names = lines.map(({ node, parents }) => `${parents.length} ${node.value}`);

describe("a tree", () => {
  it("has a line for each node whose parents are open", () => {
    expect(names).toEqual([
      "0 example.com",
      "1 a.one.example.com",
      "2 GET",
      "1 b.example.com",
      "0 zoo.example",
    ]);
    expect(linesOf(roots, new Set(), methods)).toHaveLength(2);
  });

  it.each([
    ["ArrowDown", 0, { type: "to", at: 1 }],
    ["ArrowUp", 0, null],
    ["End", 0, { type: "to", at: 4 }],
    ["Home", 4, { type: "to", at: 0 }],
    ["ArrowRight", 0, { type: "to", at: 1 }],
    ["ArrowRight", 2, null],
    ["ArrowLeft", 2, { type: "to", at: 1 }],
    ["ArrowLeft", 4, null],
    ["z", 0, { type: "to", at: 4 }],
    ["B", 4, { type: "to", at: 3 }],
    ["q", 0, null],
    [" ", 0, null],
  ] as const)("%s on line %d", (key, at, move) => {
    expect(moveOf(key, lines, at)).toEqual(move);
  });

  it("is opened and closed by the arrows to the side", () => {
    const shut = linesOf(roots, new Set(), methods);
    expect(moveOf("ArrowRight", shut, 0)).toEqual({ type: "open", id: domain });
    expect(moveOf("ArrowLeft", lines, 0)).toEqual({ type: "close", id: domain });
    expect(moveOf("ArrowRight", lines, 3)).toMatchObject({ type: "open" });
  });
});

import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { NodeSchema } from "../gen/mitmflow/v1/mitmflow_pb";
import { linesOf, namesLen } from "./flat";

const node = (depth: number, name: string) => create(NodeSchema, { depth, name });
const seen = (lines: ReturnType<typeof linesOf>) =>
  lines.map(({ node, depth }) => `${depth}${node.name}`).join(" ");

const nodes = [node(0, "a"), node(1, "b"), node(2, "c"), node(1, "d"), node(0, "e")];

it("shows every node, and what has others below it", () => {
  const lines = linesOf(nodes, new Set());
  expect(seen(lines)).toBe("0a 1b 2c 1d 0e");
  expect(lines.filter((line) => line.hasMore).map(({ index }) => index)).toEqual([0, 1]);
});

it("counts nodes among those of one parent", () => {
  const more = [...nodes, node(1, "f"), node(0, "g")];
  const places = linesOf(more, new Set([1])).map(({ place, node }) => node.name + place);
  expect(places.join(" ")).toBe("a0 b0 d1 e1 f0 g2");
});

it("leaves out what is below a folded node", () => {
  expect(seen(linesOf(nodes, new Set([1])))).toBe("0a 1b 1d 0e");
  expect(seen(linesOf(nodes, new Set([0, 1])))).toBe("0a 0e");
});

it("takes a depth without a parent for the nearest that there is", () => {
  expect(seen(linesOf([node(3, "a"), node(9, "b")], new Set()))).toBe("0a 1b");
  expect(linesOf([], new Set())).toEqual([]);
});

it("tells where values are right of every name, whatever its depth", () => {
  const named = (depth: number, name: string, more = {}) =>
    create(NodeSchema, { depth, name, ...more });
  const len = (...nodes: ReturnType<typeof named>[]) =>
    namesLen(linesOf(nodes, new Set()));
  expect(len(named(0, "price"), named(0, "id"))).toBe(5);
  expect(len(named(0, "price", { number: 12n, type: "double" }))).toBe(15);
  // What has no value of its own needs no room.
  expect(len(named(0, "a long name"), named(1, "ab"))).toBe(5);
  expect(len(named(0, "a"), named(1, "b"), named(2, "c"))).toBe(6);
  expect(len()).toBe(0);
});

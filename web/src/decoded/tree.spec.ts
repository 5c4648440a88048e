import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { NodeSchema } from "../gen/mitmflow/v1/mitmflow_pb";
import { type Branch, growTree } from "./tree";

const node = (depth: number, name: string) => create(NodeSchema, { depth, name });

const shape = (branches: Branch[]): string =>
  branches.map(({ node, children }) => `${node.name}(${shape(children)})`).join("");

describe("the tree of a body's nodes", () => {
  it("puts each below the last one that is less deep", () => {
    const nodes = [node(0, "a"), node(1, "b"), node(2, "c"), node(1, "d"), node(0, "e")];
    expect(shape(growTree(nodes))).toBe("a(b(c())d())e()");
  });

  it("takes a depth without a parent for the nearest that there is", () => {
    expect(shape(growTree([node(3, "a"), node(9, "b")]))).toBe("a(b())");
    expect(growTree([])).toEqual([]);
  });
});

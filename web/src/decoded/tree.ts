import type { Node } from "../gen/mitmflow/v1/mitmflow_pb";

/* A node with what stands below it. */
export interface Branch {
  node: Node;
  children: Branch[];
}

/* The tree of nodes that come in reading order, each with its depth. */
export function growTree(nodes: readonly Node[]): Branch[] {
  const roots: Branch[] = [];
  const path: Branch[] = [];
  for (const node of nodes) {
    const branch = { node, children: [] };
    const depth = Math.min(node.depth, path.length);
    path.length = depth;
    (path[depth - 1]?.children ?? roots).push(branch);
    path.push(branch);
  }
  return roots;
}

/* The nodes of a tree in reading order, the outermost with a depth of 0. */
export function flatten(branches: readonly Branch[], depth = 0): Node[] {
  return branches.flatMap(({ node, children }) => [
    { ...node, depth },
    ...flatten(children, depth + 1),
  ]);
}

import { type Node, NodeKind } from "../gen/mitmflow/v1/mitmflow_pb";

/* One line of a tree that is drawn as a list. */
export interface Line {
  node: Node;
  /* Its place among all nodes, which is what can be folded. */
  index: number;
  depth: number;
  isFolded: boolean;
  hasMore: boolean;
}

/* No deeper than its parent and one. */
function depths(nodes: readonly Node[]): number[] {
  let above = -1;
  return nodes.map(({ depth }) => {
    above = Math.min(depth, above + 1);
    return above;
  });
}

/* The lines that are seen while the nodes in `folded` are. */
export function linesOf(nodes: readonly Node[], folded: ReadonlySet<number>): Line[] {
  const depth = depths(nodes);
  const lines: Line[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const [index, node] of nodes.entries()) {
    const own = depth[index] ?? 0;
    if (own > hiddenBelow) continue;
    hiddenBelow = folded.has(index) ? own : Number.POSITIVE_INFINITY;
    const hasMore = (depth[index + 1] ?? 0) > own;
    lines.push({ node, index, depth: own, isFolded: folded.has(index), hasMore });
  }
  return lines;
}

/* What has a name and a value only is read as a table. */
export function isPair({ node, hasMore }: Line): boolean {
  const plain = node.kind !== NodeKind.NOTE && node.kind !== NodeKind.FAULT;
  return plain && !hasMore && node.name !== "" && node.kind !== NodeKind.FRAME;
}

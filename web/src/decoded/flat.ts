import { type Node, NodeKind } from "../gen/mitmflow/v1/mitmflow_pb";

/* One line of a tree that is drawn as a list. */
export interface Line {
  node: Node;
  /* Its place among all nodes, which is what can be folded. */
  index: number;
  depth: number;
  isFolded: boolean;
  hasMore: boolean;
  /* Among its parent's. */
  place: number;
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
  const places: number[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const [index, node] of nodes.entries()) {
    const own = depth[index] ?? 0;
    const place = (places[own] ?? -1) + 1;
    places.splice(own, Number.POSITIVE_INFINITY, place);
    if (own > hiddenBelow) continue;
    hiddenBelow = folded.has(index) ? own : Number.POSITIVE_INFINITY;
    const hasMore = (depth[index + 1] ?? 0) > own;
    const isFolded = folded.has(index);
    lines.push({ node, index, depth: own, isFolded, hasMore, place });
  }
  return lines;
}

/* What has a name and a value only is read as a table. */
export function isPair({ node, hasMore }: Line): boolean {
  const plain = node.kind !== NodeKind.NOTE && node.kind !== NodeKind.FAULT;
  return plain && !hasMore && node.name !== "" && node.kind !== NodeKind.FRAME;
}

// What a level of indentation takes, in letters; deeper ones take no more.
const indentLen = 2.3;
export const deepest = 12;

/* How many letters NodeWords makes of a node with a name. */
function wordsLen({ name, number, type }: Node): number {
  const rest = [number > 0n ? String(number) : "", type].filter(Boolean);
  return rest.reduce((length, { length: more }) => length + 1 + more, name.length);
}

/* Where values begin so that they stand below each other right of all names,
 * in letters. */
export function namesLen(lines: readonly Line[]): number {
  return lines.reduce((longest, line) => {
    if (!isPair(line)) return longest;
    const indent = Math.min(line.depth, deepest) * indentLen;
    return Math.max(longest, Math.ceil(indent + wordsLen(line.node)));
  }, 0);
}

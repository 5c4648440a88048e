import type { Node } from "./nodes";

/* A node as it stands in the tree: one line of it. */
export interface Line {
  node: Node;
  /* From the root down, without the node. */
  parents: readonly Node[];
  place: number;
  of: number;
  isOpen: boolean;
}

/* Children that were asked for, by the id of their node. */
export type Children = ReadonlyMap<string, readonly Node[]>;

export function linesOf(
  nodes: readonly Node[],
  open: ReadonlySet<string>,
  children: Children,
  parents: readonly Node[] = [],
): Line[] {
  return nodes.flatMap((node, at) => {
    const isOpen = open.has(node.id);
    const line = { node, parents, place: at + 1, of: nodes.length, isOpen };
    const below = isOpen ? (node.children ?? children.get(node.id) ?? []) : [];
    return [line, ...linesOf(below, open, children, [...parents, node])];
  });
}

export type Move =
  | { type: "to"; at: number }
  | { type: "open" | "close"; id: string }
  | null;

const opens = ({ node }: Line) => node.children === null || node.children.length > 0;

function typeAhead(lines: readonly Line[], at: number, letter: string): Move {
  const order = [...lines.keys()].map((index) => (at + 1 + index) % lines.length);
  const found = order.find((index) =>
    lines[index]?.node.value.toLowerCase().startsWith(letter.toLowerCase()),
  );
  return found === undefined ? null : { type: "to", at: found };
}

/* What a key does in a tree, by the pattern of the ARIA guide. */
export function moveOf(key: string, lines: readonly Line[], at: number): Move {
  const line = lines[at];
  const to = (place: number): Move =>
    place >= 0 && place < lines.length ? { type: "to", at: place } : null;
  if (!line) return null;
  switch (key) {
    case "ArrowDown":
      return to(at + 1);
    case "ArrowUp":
      return to(at - 1);
    case "Home":
      return to(0);
    case "End":
      return to(lines.length - 1);
    case "ArrowRight":
      if (!opens(line)) return null;
      if (!line.isOpen) return { type: "open", id: line.node.id };
      return (lines[at + 1]?.parents.length ?? 0) > line.parents.length
        ? to(at + 1)
        : null;
    case "ArrowLeft":
      if (line.isOpen) return { type: "close", id: line.node.id };
      return to(lines.findIndex(({ node }) => node === line.parents.at(-1)));
    default:
      return key.length === 1 && key !== " " ? typeAhead(lines, at, key) : null;
  }
}

import { type Node, NodeKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { visibleLine } from "../ui/captured";
import { formatSize } from "../ui/format";

const kindWords: Partial<Record<NodeKind, string>> = {
  [NodeKind.FRAME]: "Message",
  [NodeKind.PART]: "Part",
};

interface Props {
  node: Node;
  /* Among its parent's, for one that nothing else tells apart. */
  place?: number | null;
}

/* What a node is called: its name, number and type. */
export function NodeWords({ node, place = null }: Props) {
  const { name, number, type, length, kind } = node;
  const word = kindWords[kind];
  return (
    <span className="words">
      {word && <b>{`${word} ${number > 0n ? number : ""} `}</b>}
      {name && <bdi className="json-key">{visibleLine(name)}</bdi>}
      {!word && number > 0n && <span className="dim"> {String(number)}</span>}
      {place !== null && !word && !name && number === 0n && (
        <span className="dim">[{place}]</span>
      )}
      {type && <bdi className="dim"> {visibleLine(type)}</bdi>}
      {word && length > 0n && <span className="dim"> {formatSize(Number(length))}</span>}
    </span>
  );
}

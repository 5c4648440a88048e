import { asciiOf, hexText } from "../bodies/hex";
import { type Node, NodeKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { visible, visibleLine } from "../ui/captured";
import type { Branch } from "./tree";
import "./decoded.css";

/* What a body says, a level inside the other; each can be folded. */
export function NodeTree({ branches }: { branches: Branch[] }) {
  return (
    <ul className="nodes">
      {branches.map(({ node, children }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: nodes may repeat, and never move
        <li key={index} className={classOf(node)}>
          {children.length > 0 ? (
            <details open>
              <summary>
                <Words node={node} />
              </summary>
              <NodeTree branches={children} />
            </details>
          ) : (
            <Words node={node} />
          )}
        </li>
      ))}
    </ul>
  );
}

function classOf({ kind }: Node): string {
  if (kind === NodeKind.FAULT) return "fault";
  return kind === NodeKind.NOTE ? "note" : "";
}

function valueClass({ kind }: Node): string {
  if (kind === NodeKind.NUMBER || kind === NodeKind.TIME) return "json-number";
  if (kind === NodeKind.BOOL || kind === NodeKind.NULL || kind === NodeKind.ENUM)
    return "json-word";
  return kind === NodeKind.TEXT || kind === NodeKind.ROW ? "json-string" : "";
}

function Words({ node }: { node: Node }) {
  const { name, number, type, text, data, also, cut, guess } = node;
  return (
    <>
      {number > 0n && <span className="dim">{String(number)} </span>}
      {name && (
        <>
          <bdi className="json-key">{visibleLine(name)}</bdi>{" "}
        </>
      )}
      {type && (
        <>
          <bdi className="dim">{visibleLine(type)}</bdi>{" "}
        </>
      )}
      {text && <bdi className={valueClass(node)}>{visible(text)}</bdi>}
      {data.length > 0 && (
        <span>
          {hexText(data)} <span className="dim">{asciiOf(data)}</span>
        </span>
      )}
      {also && <bdi className="dim"> {visibleLine(also)}</bdi>}
      {cut && <span className="dim"> …</span>}
      {guess && <span className="dim"> (a guess)</span>}
    </>
  );
}

import { type Node, NodeKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { visible, visibleLine } from "../ui/captured";
import { JsonText } from "./JsonText";
import { NodeList } from "./NodeList";
import type { Branch } from "./tree";
import { flatten } from "./tree";

/* A conversation with a language model, turn by turn. */
export function Conversation({ branches }: { branches: Branch[] }) {
  const isTurn = ({ node }: Branch) => node.type === "turn";
  const facts = branches.filter(
    (branch) => !isTurn(branch) && branch.children.length === 0,
  );
  const turns = branches.filter(isTurn);
  const more = branches.filter((branch) => !isTurn(branch) && branch.children.length > 0);
  return (
    <div className="conversation">
      <p className="facts">
        {facts.filter(isPlain).map(({ node }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: facts never move
          <span key={index}>
            <span className="dim">{visibleLine(node.name)}</span>{" "}
            <bdi>{visibleLine(node.text)}</bdi>
          </span>
        ))}
      </p>
      {more.map((branch, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they never move
        <Aside key={index} branch={branch} />
      ))}
      <ol className="turns">
        {turns.map((turn, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: turns never move
          <Turn key={index} turn={turn} />
        ))}
      </ol>
      {facts
        .filter((fact) => !isPlain(fact))
        .map(({ node }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they never move
          <p key={index} className={node.kind === NodeKind.FAULT ? "alert" : "note"}>
            <bdi>{visible(node.text)}</bdi>
          </p>
        ))}
    </div>
  );
}

function isPlain({ node }: Branch): boolean {
  return node.kind !== NodeKind.FAULT && node.kind !== NodeKind.NOTE;
}

/* Parameters, tools, tokens: beside what was said. */
function Aside({ branch }: { branch: Branch }) {
  const { node, children } = branch;
  const isShort = node.name === "tokens" || node.name === "error";
  return (
    <details open={isShort}>
      <summary>
        <bdi>{visibleLine(node.name)}</bdi>{" "}
        <span className="dim">{visibleLine(node.text || String(children.length))}</span>
      </summary>
      <NodeList nodes={flatten(children)} bytes={new Uint8Array()} />
    </details>
  );
}

function Turn({ turn }: { turn: Branch }) {
  const { node, children } = turn;
  return (
    <li className={`turn is-${roles[node.name] ?? "other"}`}>
      <h4>
        <bdi>{visibleLine(node.name)}</bdi>
      </h4>
      {children.map((child, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of a turn never move
        <Said key={index} branch={child} />
      ))}
    </li>
  );
}

const roles: Record<string, string> = {
  user: "user",
  assistant: "assistant",
  system: "system",
  developer: "system",
  tool: "tool",
};

function Said({ branch }: { branch: Branch }) {
  const { node, children } = branch;
  if (children.length > 0) {
    return (
      <div className="call">
        <p>
          <b>
            <bdi>{visibleLine(node.name)}</bdi>
          </b>{" "}
          <span className="dim">
            {visibleLine([node.type, node.also].filter(Boolean).join(", "))}
          </span>
        </p>
        {children.map((child, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they never move
          <Said key={index} branch={child} />
        ))}
      </div>
    );
  }
  if (node.name === "thinking") {
    return (
      <details className="thinking">
        <summary>thinking</summary>
        <Words node={node} />
      </details>
    );
  }
  if (node.name === "text") return <Words node={node} />;
  return (
    <p className="said">
      <span className="dim">{visibleLine(labelOf(node))}</span> <Words node={node} />
    </p>
  );
}

function labelOf({ name, type }: Node): string {
  return type && type !== "json" ? `${name} (${type})` : name;
}

function Words({ node }: { node: Node }) {
  if (node.type === "json") return <JsonText text={node.text} />;
  return <bdi className="words">{visible(node.text || node.also)}</bdi>;
}

import type { Nodes, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { createElement, type ReactNode, useMemo } from "react";
import { CopyButton } from "../ui/CopyButton";
import { visible, visibleLine } from "../ui/captured";

// Deeper than this, it is text.
const deepest = 24;

/* A note as its writer meant it: no HTML, nothing fetched, no links to follow. */
export default function Markdown({ text }: { text: string }) {
  const tree = useMemo(() => fromMarkdown(text), [text]);
  return <>{childrenOf(tree, 0)}</>;
}

function childrenOf(node: Root | Extract<Nodes, { children: unknown }>, depth: number) {
  return node.children.map((child, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a note is drawn as a whole
    <Part key={index} node={child} depth={depth + 1} />
  ));
}

const elements: Partial<Record<Nodes["type"], string>> = {
  paragraph: "p",
  emphasis: "em",
  strong: "strong",
  blockquote: "blockquote",
  listItem: "li",
};

function Part({ node, depth }: { node: Nodes; depth: number }): ReactNode {
  if (depth > deepest) return null;
  switch (node.type) {
    case "text":
      return visible(node.value);
    case "inlineCode":
      return <code>{visible(node.value)}</code>;
    case "code":
    case "html":
      return <pre>{visible(node.value)}</pre>;
    case "break":
      return <br />;
    case "thematicBreak":
      return <hr />;
    case "heading":
      return createElement(
        `h${Math.min(6, node.depth + 2)}`,
        {},
        childrenOf(node, depth),
      );
    case "list":
      return node.ordered ? (
        <ol start={node.start ?? 1}>{childrenOf(node, depth)}</ol>
      ) : (
        <ul>{childrenOf(node, depth)}</ul>
      );
    case "link":
      return <Address url={node.url}>{childrenOf(node, depth)}</Address>;
    case "image":
      return <Address url={node.url}>{visibleLine(node.alt ?? "")}</Address>;
    case "definition":
      return <Address url={node.url}>{visibleLine(node.identifier)}</Address>;
    case "linkReference":
      return <>{childrenOf(node, depth)}</>;
    case "imageReference":
      return visibleLine(node.alt ?? "");
    default: {
      const name = elements[node.type];
      if (!name || !("children" in node)) return null;
      return createElement(name, {}, childrenOf(node, depth));
    }
  }
}

/* An address is shown and can be copied; nobody goes there by a click. */
function Address({ url, children }: { url: string; children: ReactNode }) {
  return (
    <>
      {children} <code className="address">{visibleLine(url)}</code>
      <CopyButton text={url} what="the address" />
    </>
  );
}

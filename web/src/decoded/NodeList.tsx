import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, useMemo, useRef, useState } from "react";
import { useScroller, useScrollMargin } from "../bodies/scroll";
import { type Node, NodeKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { CopyButton } from "../ui/CopyButton";
import { visibleLine } from "../ui/captured";
import { deepest, isPair, type Line, linesOf, namesLen } from "./flat";
import { NodeValue } from "./NodeValue";
import { NodeWords } from "./NodeWords";

const linePx = 21;
const nothing: ReadonlySet<number> = new Set();

/* What a body says, line by line; of many only those in sight are drawn. */
export function NodeList({ nodes, bytes }: { nodes: Node[]; bytes: Uint8Array }) {
  const [folded, setFolded] = useState(nothing);
  const lines = useMemo(() => linesOf(nodes, folded), [nodes, folded]);
  // Whatever is folded, so that values stay where they are.
  const names = useMemo(() => namesLen(linesOf(nodes, nothing)), [nodes]);
  const box = useRef<HTMLDivElement>(null);
  const scroller = useScroller();
  const scrollMargin = useScrollMargin(box);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => linePx,
    overscan: 20,
    scrollMargin,
  });
  const turn = (index: number) =>
    setFolded((before) => {
      const after = new Set(before);
      if (!after.delete(index)) after.add(index);
      return after;
    });
  return (
    <div ref={box} className="nodes" style={{ "--names": names } as CSSProperties}>
      <div className="lines" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const line = lines[index];
          return (
            <div
              key={line?.index ?? index}
              ref={virtual.measureElement}
              data-index={index}
              className={`node ${line ? classOf(line) : ""}`}
              style={
                {
                  transform: `translateY(${start - scrollMargin}px)`,
                  "--depth": Math.min(line?.depth ?? 0, deepest),
                } as CSSProperties
              }
            >
              {line && <NodeLine line={line} bytes={bytes} onTurn={turn} />}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function classOf(line: Line): string {
  const { kind } = line.node;
  if (kind === NodeKind.FAULT) return "fault";
  if (kind === NodeKind.NOTE) return "note";
  if (kind === NodeKind.FRAME || kind === NodeKind.PART) return "frame";
  return isPair(line) ? "pair" : "";
}

interface LineProps {
  line: Line;
  bytes: Uint8Array;
  onTurn(index: number): void;
}

function NodeLine({ line, bytes, onTurn }: LineProps) {
  const { node, index, hasMore, isFolded } = line;
  return (
    <>
      {hasMore ? (
        <button
          type="button"
          className="fold-turn"
          aria-expanded={!isFolded}
          aria-label={`${isFolded ? "Unfold" : "Fold"} ${node.name}`}
          onClick={() => onTurn(index)}
        >
          {isFolded ? "\u25b8" : "\u25be"}
        </button>
      ) : (
        <span className="fold-turn" />
      )}
      <NodeWords node={node} place={hasMore ? line.place : null} />
      <NodeValue node={node} bytes={bytes} />
      {isPair(line) && node.text && (
        <CopyButton text={node.text} what={`the value of ${visibleLine(node.name)}`} />
      )}
    </>
  );
}

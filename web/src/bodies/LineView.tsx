import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, memo, useRef } from "react";
import { visible } from "../ui/captured";
import { jsonTokens } from "./highlight";
import { type Line, mostLines } from "./lines";
import { useScroller, useScrollMargin } from "./scroll";
import { useLines } from "./useLines";

interface Props {
  bytes: Uint8Array;
  charset: string;
  /* As JSON, indented and coloured. */
  pretty: boolean;
}

const linePx = 19;

/* A text body. Lines wrap, so their heights are measured as they are drawn. */
export function LineView({ bytes, charset, pretty }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const scroller = useScroller();
  const scrollMargin = useScrollMargin(box);
  const { lines, done } = useLines(bytes, charset, pretty);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => linePx,
    overscan: 20,
    scrollMargin,
  });
  return (
    <div
      ref={box}
      className="code text"
      aria-busy={!done}
      style={{ "--digits": String(lines.length).length } as CSSProperties}
    >
      <div className="lines" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const line = lines[index];
          return (
            <div
              key={index}
              ref={virtual.measureElement}
              data-index={index}
              className="line"
              style={{ transform: `translateY(${start - scrollMargin}px)` }}
            >
              {line && <TextLine line={line} pretty={pretty} />}
            </div>
          );
        })}
      </div>
      {lines.length >= mostLines && (
        <p className="cut-off">Save the body to see what follows.</p>
      )}
    </div>
  );
}

const TextLine = memo(function TextLine({
  line,
  pretty,
}: {
  line: Line;
  pretty: boolean;
}) {
  return (
    <>
      <span className="ln" aria-hidden="true">
        {line.number || ""}
      </span>
      <span className="t">
        {pretty && line.number !== 0 ? (
          <Json text={line.text} />
        ) : (
          visible(line.text) || "\u200b"
        )}
      </span>
    </>
  );
});

function Json({ text }: { text: string }) {
  return jsonTokens(text).map(({ text, kind }, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a line's tokens never move
    <span key={index} className={kind && `json-${kind}`}>
      {visible(text)}
    </span>
  ));
}

import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { useWidth } from "../ui/useWidth";
import { hexLine, hexLineCount } from "./hex";
import { useScroller, useScrollMargin } from "./scroll";

const linePx = 18;
// Browsers draw nothing below some 33 million pixels.
const mostLines = 1_200_000;
// Sixteen bytes to a line need so much room, eight fit a phone.
const widePx = 560;

export function HexView({ bytes }: { bytes: Uint8Array }) {
  const box = useRef<HTMLDivElement>(null);
  const scroller = useScroller();
  const scrollMargin = useScrollMargin(box);
  const width = useWidth(box) >= widePx ? 16 : 8;
  const virtual = useVirtualizer({
    count: Math.min(mostLines, hexLineCount(bytes.length, width)),
    getScrollElement: () => scroller.current,
    estimateSize: () => linePx,
    overscan: 20,
    scrollMargin,
  });
  return (
    <div ref={box} className="code hex">
      <div className="lines" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const line = hexLine(bytes, index, width);
          return (
            <div
              key={index}
              className="line"
              style={{ transform: `translateY(${start - scrollMargin}px)` }}
            >
              <span className="ln">{line.offset}</span>
              <span>{line.hex}</span>
              <span className="ascii">{line.ascii}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

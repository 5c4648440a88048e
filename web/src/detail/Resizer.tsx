import { type PointerEvent, useEffect } from "react";
import { Grip } from "../ui/Grip";
import { applyPane, keepPane, limits, type PaneSize, within } from "./paneSize";

interface Props {
  size: PaneSize;
  onSize(size: PaneSize): void;
}

/* The bar between list and pane. */
export function Resizer({ size, onSize }: Props) {
  const { side, px } = size;
  const isBelow = side === "below";

  useEffect(() => {
    applyPane(size);
    keepPane(size);
  }, [size]);
  useEffect(() => {
    const resized = () => onSize(within(size));
    addEventListener("resize", resized);
    return () => removeEventListener("resize", resized);
  }, [size, onSize]);

  const rest = ({ clientX, clientY }: PointerEvent) =>
    isBelow ? innerHeight - clientY : innerWidth - clientX;
  return (
    <Grip
      className="resizer"
      label={isBelow ? "Height of the flow's pane" : "Width of the flow's pane"}
      orientation={isBelow ? "horizontal" : "vertical"}
      px={px}
      limits={limits(side)}
      keys={isBelow ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"]}
      pxAt={rest}
      onPx={(wanted) => onSize(within({ side, px: wanted }))}
    />
  );
}

import { type KeyboardEvent, type PointerEvent, useEffect } from "react";
import { applyPane, keepPane, limits, type PaneSize, within } from "./paneSize";

const stepPx = 24;

interface Props {
  size: PaneSize;
  onSize(size: PaneSize): void;
}

/* The bar between list and pane, moved by pointer or arrow keys. */
export function Resizer({ size, onSize }: Props) {
  const { side, px } = size;
  const isBelow = side === "below";
  const [least, most] = limits(side);

  useEffect(() => {
    applyPane(size);
    keepPane(size);
  }, [size]);
  useEffect(() => {
    const resized = () => onSize(within(size));
    addEventListener("resize", resized);
    return () => removeEventListener("resize", resized);
  }, [size, onSize]);

  const moved = (event: PointerEvent) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const rest = isBelow ? innerHeight - event.clientY : innerWidth - event.clientX;
    onSize(within({ side, px: rest }));
  };
  const pressed = (event: KeyboardEvent) => {
    const more = isBelow ? "ArrowUp" : "ArrowLeft";
    const less = isBelow ? "ArrowDown" : "ArrowRight";
    const steps: Record<string, number> = { [more]: stepPx, [less]: -stepPx };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    onSize(within({ side, px: px + step }));
  };

  return (
    <div
      role="separator"
      tabIndex={0}
      aria-orientation={isBelow ? "horizontal" : "vertical"}
      aria-label={isBelow ? "Height of the flow's pane" : "Width of the flow's pane"}
      aria-valuenow={px}
      aria-valuemin={least}
      aria-valuemax={most}
      className="resizer"
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={moved}
      onKeyDown={pressed}
    />
  );
}

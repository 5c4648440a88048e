import type { KeyboardEvent, PointerEvent } from "react";

const stepPx = 24;

interface Props {
  className: string;
  label: string;
  /* Of the bar itself. */
  orientation: "vertical" | "horizontal";
  px: number;
  limits: readonly [least: number, most: number];
  /* The arrow keys that make it more and less. */
  keys: readonly [more: string, less: string];
  /* What a pointer here makes of it. */
  pxAt(pointer: PointerEvent): number;
  onPx(px: number): void;
}

/* A bar between two parts of the page, moved by pointer or arrow keys. */
export function Grip(props: Props) {
  const { px, limits, keys, pxAt, onPx } = props;
  const dragged = (event: PointerEvent) => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) onPx(pxAt(event));
  };
  const pressed = (event: KeyboardEvent) => {
    const [more, less] = keys;
    const steps: Record<string, number> = { [more]: stepPx, [less]: -stepPx };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    onPx(px + step);
  };
  return (
    <div
      role="separator"
      tabIndex={0}
      aria-orientation={props.orientation}
      aria-label={props.label}
      aria-valuenow={px}
      aria-valuemin={limits[0]}
      aria-valuemax={limits[1]}
      className={props.className}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={dragged}
      onKeyDown={pressed}
    />
  );
}

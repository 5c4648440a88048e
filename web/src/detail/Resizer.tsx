import { type KeyboardEvent, type PointerEvent, useEffect, useState } from "react";
import { readNumber, writeSetting } from "../ui/settings";

const leastPx = 340;
// What stays of the list.
const listLeastPx = 320;
const stepPx = 24;

function within(width: number): number {
  return Math.round(Math.max(leastPx, Math.min(width, innerWidth - listLeastPx)));
}

/* The bar between list and pane, moved by pointer or arrow keys. */
export function Resizer() {
  const [width, setWidth] = useState(() => within(readNumber("pane", innerWidth * 0.42)));

  useEffect(() => {
    document.documentElement.style.setProperty("--pane", `${width}px`);
    writeSetting("pane", width);
  }, [width]);
  useEffect(() => {
    const resized = () => setWidth(within);
    addEventListener("resize", resized);
    return () => removeEventListener("resize", resized);
  }, []);

  const moved = (event: PointerEvent) => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) {
      setWidth(within(innerWidth - event.clientX));
    }
  };
  const pressed = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: stepPx, ArrowRight: -stepPx };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setWidth((before) => within(before + step));
  };

  return (
    <div
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label="Width of the flow's pane"
      aria-valuenow={width}
      aria-valuemin={leastPx}
      aria-valuemax={Math.max(leastPx, innerWidth - listLeastPx)}
      className="resizer"
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={moved}
      onKeyDown={pressed}
    />
  );
}

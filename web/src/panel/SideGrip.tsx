import { type KeyboardEvent, type PointerEvent, useEffect, useState } from "react";
import { readSide, setSide, sideLimits } from "./sideSize";

const stepPx = 24;

/* The bar between panel and list, moved by pointer or arrow keys. */
export function SideGrip() {
  const [px, setPx] = useState(readSide);
  const [least, most] = sideLimits();
  useEffect(() => {
    setSide(readSide());
    const resized = () => setPx(setSide(readSide()));
    addEventListener("resize", resized);
    return () => removeEventListener("resize", resized);
  }, []);

  const dragged = (event: PointerEvent) => {
    if (event.currentTarget.hasPointerCapture(event.pointerId))
      setPx(setSide(event.clientX));
  };
  const pressed = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: -stepPx, ArrowRight: stepPx };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setPx(setSide(px + step));
  };
  return (
    <div
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label="Width of the panel"
      aria-valuenow={px}
      aria-valuemin={least}
      aria-valuemax={most}
      className="side-grip"
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={dragged}
      onKeyDown={pressed}
    />
  );
}

import { useEffect, useState } from "react";
import { Grip } from "../ui/Grip";
import { readSide, setSide, sideLimits } from "./sideSize";

/* The bar between panel and list. */
export function SideGrip() {
  const [px, setPx] = useState(readSide);
  useEffect(() => {
    setSide(readSide());
    const resized = () => setPx(setSide(readSide()));
    addEventListener("resize", resized);
    return () => removeEventListener("resize", resized);
  }, []);
  return (
    <Grip
      className="side-grip"
      label="Width of the panel"
      orientation="vertical"
      px={px}
      limits={sideLimits()}
      keys={["ArrowRight", "ArrowLeft"]}
      pxAt={({ clientX }) => clientX}
      onPx={(wanted) => setPx(setSide(wanted))}
    />
  );
}

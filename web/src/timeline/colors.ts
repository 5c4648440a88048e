import { useEffect, useState } from "react";
import { layers } from "./bars";

/* Errors stand out, all else is quieter than in the list. */
const strength = { error: 0.9, other: 0.58 };

export interface Colors {
  /* In the order of `layers`. */
  layers: string[];
  text: string;
  font: string;
}

function readColors(): Colors {
  const style = getComputedStyle(document.documentElement);
  const read = (token: string) => style.getPropertyValue(token).trim();
  return {
    layers: layers.map(({ token, isError }) =>
      mix(read(token), read("--bg-2"), isError ? strength.error : strength.other),
    ),
    text: read("--ink-3"),
    font: `${read("--text-s")} ${read("--font").replace(/\s+/g, " ")}`,
  };
}

/* `share` of a colour over another, both as #rrggbb. */
export function mix(over: string, under: string, share: number): string {
  const parts = (color: string) =>
    [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  const below = parts(under);
  const mixed = parts(over).map((value, at) =>
    Math.round(value * share + (below[at] ?? 0) * (1 - share)),
  );
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/* A canvas does not know the page's tokens: what they are, in this theme. */
export function useColors(): Colors {
  const [colors, setColors] = useState(readColors);
  useEffect(() => {
    const changed = () => setColors(readColors());
    // Whatever the theme is, it stands at the root.
    const root = new MutationObserver(changed);
    root.observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["data-theme"],
    });
    return () => root.disconnect();
  }, []);
  return colors;
}

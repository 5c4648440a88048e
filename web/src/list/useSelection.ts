import { useRef, useState } from "react";
import { plural } from "../ui/format";
import type { Say } from "../ui/notice";
import type { Lines } from "./lines";
import { everything, nothing, type Selection, toggled, withRange } from "./selection";
import { useAnother } from "./useAnother";

// Longer ranges than this are not all here: Ctrl+A selects them.
const rangeMax = 5000;

/* The flows between two lines, as far as they are here. */
function between(lines: Lines, from: number, to: number): number[] {
  const numbers = [];
  const first = Math.min(from, to);
  const last = Math.min(Math.max(from, to), first + rangeMax);
  for (let line = first; line <= last; line++) {
    const row = lines.at(line);
    if (row) numbers.push(row.number);
  }
  return numbers;
}

/* What is selected of the list; a range begins where the last one did. Flows of
 * a range that are not here are left out, and `say` says so. */
export function useSelection(
  lines: Lines,
  filter: string,
  cursor: number | null,
  say: Say,
) {
  const [selection, set] = useState<Selection>(nothing);
  const start = useRef<number | null>(null);
  useAnother(filter, () => {
    set(nothing);
    start.current = null;
  });
  return {
    selection,
    clear() {
      start.current = null;
      if (selection !== nothing) set(nothing);
    },
    all: () => set(everything),
    toggle(number: number) {
      start.current = number;
      set(toggled(selection, number, cursor));
    },
    extend(to: number, also = false) {
      start.current ??= cursor ?? to;
      const from = lines.lineOf(start.current);
      const line = lines.lineOf(to);
      if (from === null || line === null) return;
      const range = between(lines, from, line);
      const missing = Math.abs(line - from) + 1 - range.length;
      if (missing > 0)
        say(`Not selected: ${plural(missing, "flow")} in between that are not loaded`);
      set(withRange(selection, range, also));
    },
  };
}

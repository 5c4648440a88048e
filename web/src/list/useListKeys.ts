import { useEffect, useRef } from "react";
import { isPlainKey, isTyping } from "../ui/keys";

export interface ListKeys {
  move(lines: number): void;
  /* Lines to a page. */
  page(): number;
  end(which: "top" | "bottom"): void;
  open(): void;
}

/*
 * The keys of the list. j and k are heard everywhere but in a text field;
 * the others only where no other part of the page has a use for them.
 */
export function useListKeys(keys: ListKeys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (!isPlainKey(event) || isTyping(event.target)) return;
      const act = actionOf(event, latest.current);
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

function actionOf(event: KeyboardEvent, keys: ListKeys): (() => void) | undefined {
  const { target } = event;
  if (event.key === "j") return () => keys.move(1);
  if (event.key === "k") return () => keys.move(-1);
  const isList = target === document.body || (target as Element).matches?.("[role=grid]");
  if (!isList) return undefined;
  const actions: Record<string, () => void> = {
    ArrowDown: () => keys.move(1),
    ArrowUp: () => keys.move(-1),
    PageDown: () => keys.move(keys.page()),
    PageUp: () => keys.move(-keys.page()),
    Home: () => keys.end("top"),
    End: () => keys.end("bottom"),
    Enter: () => keys.open(),
  };
  return actions[event.key];
}

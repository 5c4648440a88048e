import { useEffect, useRef } from "react";
import { isPlainKey, isTyping } from "../ui/keys";

export interface ListKeys {
  move(lines: number, isExtending: boolean): void;
  /* Lines to a page. */
  page(): number;
  end(which: "top" | "bottom", isExtending: boolean): void;
  open(): void;
}

export interface SelectKeys {
  all(): void;
  toggle(): void;
  menu(): void;
}

/*
 * The keys of the list. j and k are heard everywhere but in a text field;
 * the others only where no other part of the page has a use for them, and
 * Ctrl+A only while the list itself has the focus.
 */
export function useListKeys(keys: ListKeys, select: SelectKeys): void {
  const latest = useRef({ keys, select });
  latest.current = { keys, select };
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target)) return;
      const { keys, select } = latest.current;
      const act = selectionOf(event, select) ?? actionOf(event, keys);
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

function isOnList(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches("[role=grid]");
}

function selectionOf(event: KeyboardEvent, keys: SelectKeys): (() => void) | undefined {
  if (!isOnList(event.target)) return undefined;
  const isMenu = event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey);
  if (isMenu) return () => keys.menu();
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey)
    return undefined;
  if (event.key === "a") return () => keys.all();
  return event.key === " " ? () => keys.toggle() : undefined;
}

function actionOf(event: KeyboardEvent, keys: ListKeys): (() => void) | undefined {
  if (!isPlainKey(event)) return undefined;
  const { target, key, shiftKey } = event;
  if (key === "j" || key === "J") return () => keys.move(1, shiftKey);
  if (key === "k" || key === "K") return () => keys.move(-1, shiftKey);
  if (target !== document.body && !isOnList(target)) return undefined;
  const actions: Record<string, () => void> = {
    ArrowDown: () => keys.move(1, shiftKey),
    ArrowUp: () => keys.move(-1, shiftKey),
    PageDown: () => keys.move(keys.page(), shiftKey),
    PageUp: () => keys.move(-keys.page(), shiftKey),
    Home: () => keys.end("top", shiftKey),
    End: () => keys.end("bottom", shiftKey),
    Enter: () => keys.open(),
  };
  return actions[key];
}

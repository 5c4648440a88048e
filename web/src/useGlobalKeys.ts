import { useEffect, useRef } from "react";
import { isPlainKey, isTyping } from "./ui/keys";

/* Keys that are heard everywhere but in a text field or a dialog. */
export function useGlobalKeys(actions: Record<string, () => void>): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (!isPlainKey(event) || isTyping(event.target)) return;
      const act = latest.current[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

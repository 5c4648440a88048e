import { useEffect } from "react";
import { isPlainKey, isTyping } from "../ui/keys";
import { type Command, registry } from "./commands";
import { isMac } from "./keyNames";

/*
 * The keys of commands: plain ones are heard everywhere but in a text field
 * or a dialog; the few with Ctrl or Cmd everywhere.
 */
export function useCommandKeys(): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const command = registry.find(matcher(event));
      if (!command) return;
      event.preventDefault();
      command.run();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

function matcher(event: KeyboardEvent): (command: Command) => boolean {
  const { ctrlKey, metaKey, altKey, shiftKey } = event;
  const isCtrl = isMac ? metaKey && !ctrlKey : ctrlKey && !metaKey;
  if (isCtrl && !altKey && !shiftKey && !event.defaultPrevented)
    return ({ withCtrl }) => withCtrl === event.key;
  if (!isPlainKey(event) || isTyping(event.target)) return () => false;
  return ({ keys }) => keys?.includes(event.key) ?? false;
}

/* Combinations with Ctrl, Cmd and Alt are the browser's. */
export function isPlainKey(event: KeyboardEvent): boolean {
  const modified = event.ctrlKey || event.metaKey || event.altKey;
  return !modified && !event.defaultPrevented && !event.isComposing;
}

/* Keys belong to a text field or a menu while one has the focus, and to a modal
 * dialog as long as it is open: a click on its text takes the focus away. */
export function isTyping(target: EventTarget | null): boolean {
  if (document.querySelector("dialog:modal")) return true;
  const field = "input, textarea, select, [contenteditable], dialog, [role=menu]";
  return target instanceof Element && target.closest(field) !== null;
}

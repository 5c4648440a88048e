/* Combinations with Ctrl, Cmd and Alt are the browser's. */
export function isPlainKey(event: KeyboardEvent): boolean {
  const modified = event.ctrlKey || event.metaKey || event.altKey;
  return !modified && !event.defaultPrevented && !event.isComposing;
}

/* Keys belong to a text field, a dialog or a menu, while one has the focus. */
export function isTyping(target: EventTarget | null): boolean {
  const field = "input, textarea, select, [contenteditable], dialog, [role=menu]";
  return target instanceof Element && target.closest(field) !== null;
}

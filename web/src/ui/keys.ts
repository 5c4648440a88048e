/* Combinations with Ctrl, Cmd and Alt are the browser's. */
export function isPlainKey(event: KeyboardEvent): boolean {
  const modified = event.ctrlKey || event.metaKey || event.altKey;
  return !modified && !event.defaultPrevented && !event.isComposing;
}

/* Keys belong to a text field, or to a dialog, while one has the focus. */
export function isTyping(target: EventTarget | null): boolean {
  const field = "input, textarea, select, [contenteditable], dialog";
  return target instanceof Element && target.closest(field) !== null;
}

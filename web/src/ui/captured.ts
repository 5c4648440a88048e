/*
 * Captured text is hostile. What is drawn of it goes through visible(), so
 * that characters that reorder or hide their neighbours are seen as
 * themselves instead of doing so.
 */

// C0 and C1 controls but tab and line feed, soft hyphen, zero-width and
// bidirectional controls, line and paragraph separators, tags.
export const hidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are the point
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;

const lineBreaks = /[\n\t]/g;

export function nameOf(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  // The control pictures block mirrors C0.
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
}

/* Text of several lines: tabs and line feeds stay. */
export function visible(text: string): string {
  return text.replace(hidden, nameOf);
}

/* Text that must stay on one line. */
export function visibleLine(text: string): string {
  return visible(text).replace(lineBreaks, nameOf);
}

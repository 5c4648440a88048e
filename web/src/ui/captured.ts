/*
 * Captured text is hostile. What is drawn of it goes through visible(), so
 * that characters that reorder or hide their neighbours are seen as
 * themselves instead of doing so.
 */

// C0 and C1 controls but tab and line feed, soft hyphen, zero-width and
// bidirectional controls, line and paragraph separators, tags.
const hiding = String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]`;
const joiner = String.raw`[\u200c\u200d]`;

// Where writing needs joiners: between letters that join or form clusters, of
// Arabic, Syriac, the scripts of India, of Burma, Cambodia and Mongolia; after
// a virama (RFC 5892, appendix A); between the pictures of an emoji.
const letter = String.raw`(?=[\p{L}\p{M}])[\u0620-\u0dff\u1000-\u109f\u1780-\u17d3\u1820-\u18aa]`;
const virama = String.raw`[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca]`;
const picture = String.raw`\p{Extended_Pictographic}`;
const needed = [
  `(?<=${letter})${joiner}(?=${letter})`,
  `(?<=${virama})${joiner}`,
  `(?<=[${picture}\\p{Emoji_Modifier}]\\ufe0f?)\\u200d(?=${picture})`,
];

/* What is spelt out of text. */
export const hidden = new RegExp(`${hiding}|(?!${needed.join("|")})${joiner}`, "gu");

/* What is spelt out of names. */
const hiddenOfNames = new RegExp(`${hiding}|${joiner}`, "gu");

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

/*
 * Names of hosts, devices and the like, and addresses: they are told apart by
 * eye, so no joiner is left in them whatever stands beside it.
 */
export function visibleName(text: string): string {
  return text.replace(hiddenOfNames, nameOf).replace(lineBreaks, nameOf);
}

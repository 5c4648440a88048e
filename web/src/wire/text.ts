// What a TextDecoder takes to begin with is longer than such texts take.
const shortMax = 48;
const decoder = new TextDecoder();

/* UTF-8 as text; what is none of it becomes U+FFFD, as by a TextDecoder. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length > shortMax) return decoder.decode(bytes);
  let text = "";
  for (const byte of bytes) {
    if (byte >= 0x80) return decoder.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}

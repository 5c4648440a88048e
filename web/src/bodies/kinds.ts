/* Never SVG: it is a document that can hold scripts and references. */
const imageSignatures: [type: string, offset: number, bytes: string][] = [
  ["image/png", 0, "\x89PNG\r\n\x1a\n"],
  ["image/jpeg", 0, "\xff\xd8\xff"],
  ["image/gif", 0, "GIF8"],
  ["image/webp", 8, "WEBP"],
  ["image/avif", 4, "ftypavif"],
  ["image/avif", 4, "ftypavis"],
];

function hasAt(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/* The type under which these bytes may be drawn as an image, or null. */
export function imageType(bytes: Uint8Array): string | null {
  const found = imageSignatures.find(([, offset, text]) => hasAt(bytes, offset, text));
  return found?.[0] ?? null;
}

const sampleLen = 4096;

/* NUL and other controls, or too much that is no UTF-8, is not text. */
export function isBinary(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, sampleLen);
  let odd = 0;
  for (const byte of sample) {
    if (byte === 0) return true;
    if (
      byte < 0x20 &&
      byte !== 9 &&
      byte !== 10 &&
      byte !== 13 &&
      byte !== 12 &&
      byte !== 27
    )
      odd++;
  }
  const text = new TextDecoder().decode(sample, { stream: true });
  for (const char of text) if (char === "\ufffd") odd++;
  return odd * 10 > sample.length;
}

/* `declared`: its sender says that it is. */
export function looksLikeJson(bytes: Uint8Array, declared: boolean): boolean {
  let at = 0;
  while (at < bytes.length && [9, 10, 13, 32].includes(bytes[at] ?? 0)) at++;
  const rest = new TextDecoder().decode(bytes.subarray(at, at + 64));
  if (declared) return /^(?:[{["\d-]|true|false|null)/.test(rest);
  return /^(?:\{\s*["}]|\[\s*(?:[{["\d\]-]|true|false|null))/.test(rest);
}

/* The charset with this label, if the browser knows it; else UTF-8. */
export function charsetOf(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return "utf-8";
  }
}

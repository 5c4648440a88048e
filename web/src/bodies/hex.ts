/* One line of a hex dump: offset, bytes, and what of them is ASCII. */
export interface HexLine {
  offset: string;
  hex: string;
  ascii: string;
}

export function hexLine(bytes: Uint8Array, line: number, width: number): HexLine {
  const from = line * width;
  const part = bytes.subarray(from, from + width);
  const digits = [...part].map((byte) => byte.toString(16).padStart(2, "0"));
  const half = width / 2;
  const groups = [digits.slice(0, half).join(" "), digits.slice(half).join(" ")];
  return {
    offset: from.toString(16).padStart(8, "0"),
    hex: groups.join("  ").padEnd(width * 3),
    ascii: asciiOf(part),
  };
}

export function asciiOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "\u00b7";
  }
  return text;
}

export function hexLineCount(length: number, width: number): number {
  return Math.ceil(length / width);
}

/* A few bytes in one line of text, as `de ad be ef`. */
export function hexText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

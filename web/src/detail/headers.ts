import type { HeaderField } from "../gen/mitmproxy/v1/mitmproxy_pb";

export interface Header {
  name: string;
  value: string;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/* Bytes of a header as text: UTF-8 where they are that, else Latin-1. */
export function headerText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
  }
}

/*
 * The headers as they came, in order and repeated, where the exporter tells
 * them so; else from the map, which has lost both.
 */
export function headersOf(
  fields: readonly HeaderField[],
  map: Readonly<Record<string, string>>,
): Header[] {
  if (fields.length > 0) {
    return fields.map((field) => ({
      name: headerText(field.name),
      value: headerText(field.value),
    }));
  }
  return Object.entries(map).map(([name, value]) => ({ name, value }));
}

import type { BodyInfo } from "../gen/mitmflow/v1/mitmflow_pb";
import { imageType, looksLikeJson } from "./kinds";
import type { Style } from "./text/layout";

export type Mode = "decoded" | "image" | "pretty" | "raw" | "hex";

export const modeNames: Record<Mode, string> = {
  decoded: "Decoded",
  image: "Image",
  pretty: "Pretty",
  raw: "Raw",
  hex: "Hex",
};

/* What a body is called; kinds as the server names them. */
const kindNames: Record<string, string> = {
  bytes: "binary",
  json: "JSON",
  "json-lines": "JSON lines",
  xml: "XML",
  html: "HTML",
  css: "CSS",
  javascript: "JavaScript",
  form: "form",
  multipart: "multipart",
  events: "server-sent events",
  graphql: "GraphQL",
  grpc: "gRPC",
  "grpc-web": "gRPC-Web",
  "grpc-web-text": "gRPC-Web, base64",
  connect: "Connect",
  "connect-stream": "Connect stream",
  "connect-get": "Connect",
  protobuf: "protobuf",
  msgpack: "MessagePack",
  cbor: "CBOR",
  dns: "DNS",
  pdf: "PDF",
  llm: "conversation with a language model",
  "socket-io": "Socket.IO",
};

/* The media types that say the same as a kind. */
const declaredAs: Record<string, RegExp> = {
  json: /json/,
  "json-lines": /json|ndjson/,
  xml: /xml/,
  html: /html/,
  css: /css/,
  javascript: /javascript|ecmascript/,
  form: /x-www-form-urlencoded/,
  multipart: /^multipart\//,
  events: /event-stream/,
  graphql: /json|graphql/,
  llm: /json|event-stream/,
  grpc: /grpc/,
  "grpc-web": /grpc-web/,
  "grpc-web-text": /grpc-web-text/,
  connect: /proto|json/,
  "connect-stream": /connect/,
  protobuf: /proto/,
  msgpack: /msgpack/,
  cbor: /cbor/,
  dns: /dns-message/,
  image: /^image\//,
  font: /font/,
  pdf: /pdf/,
  audio: /^audio\//,
  video: /^video\//,
  archive: /zip|tar|compress|archive|7z|rar/,
  bytes: /octet-stream/,
  text: /^text\//,
};

type Told = Pick<BodyInfo, "kind" | "isText" | "sniffedType" | "contentType">;

/* What it is: text of which only its sender says that it is more, is text. */
function kindOf({ kind, isText, sniffedType }: Told, style: Style): string {
  const isOnlySaid = kind === "image" || (kind === "json" && style === "plain");
  return isText && isOnlySaid && !sniffedType ? "text" : kind;
}

export function kindName(info: Told, style: Style): string {
  const kind = kindOf(info, style);
  if (kind === "image" && info.sniffedType) {
    const format = info.sniffedType.replace(/^image\/(x-)?|\+xml$/g, "").toUpperCase();
    return `${format} image`;
  }
  return kindNames[kind] ?? kind;
}

/* Whether it is what its sender says that it is. */
export function declaration(info: Told, style: Style): string {
  const declared = (info.contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (!declared) return "no type declared";
  const isSo =
    info.sniffedType === declared || declaredAs[kindOf(info, style)]?.test(declared);
  return isSo ? "as declared" : `declared as ${declared}`;
}

const styles: Record<string, Style> = {
  xml: "xml",
  html: "html",
  css: "css",
  javascript: "javascript",
};

export function styleOf(info: BodyInfo, bytes: Uint8Array): Style {
  const style = styles[info.kind];
  if (style) return style;
  if (info.sniffedType === "image/svg+xml") return "xml";
  const isJson = info.kind === "json" || /json/i.test(info.contentType);
  return looksLikeJson(bytes, isJson) ? "json" : "plain";
}

/* Of these the server tells facts, or what stands in them; they are read as
 * they are. */
const readAsTheyAre = new Set([
  ...["bytes", "empty", "image", "font", "pdf", "audio", "video", "archive"],
  ...["text", "json", "xml", "html", "css", "javascript"],
]);

export function isReadAsItIs(info: BodyInfo): boolean {
  return readAsTheyAre.has(info.kind);
}

/* How a body can be seen; the first is how it is at first. */
export function modesOf(
  info: BodyInfo,
  bytes: Uint8Array,
  style: Style,
  isTold: boolean,
): Mode[] {
  const first = !isReadAsItIs(info);
  const modes: Mode[] = [];
  if (first && isTold) modes.push("decoded");
  if (imageType(bytes)) modes.push("image");
  else if (info.isText) {
    if (style !== "plain") modes.push("pretty");
    modes.push("raw");
  }
  modes.push("hex");
  if (!first && isTold) modes.push("decoded");
  return modes;
}

const shown: Mode[] = ["decoded", "image", "pretty", "raw", "hex"];

export function inOrder(modes: readonly Mode[]): Mode[] {
  return shown.filter((mode) => modes.includes(mode));
}

import type { Row } from "../connection/row";

/* What a flow carries, as far as a picture can say. */
export type TypeIcon =
  | "html"
  | "json"
  | "xml"
  | "script"
  | "style"
  | "image"
  | "font"
  | "media"
  | "text"
  | "grpc"
  | "binary"
  | "none"
  | "websocket"
  | "dns"
  | "tcp"
  | "udp";

// The first that matches a content type.
const types: [RegExp, TypeIcon][] = [
  [/^text\/html|xhtml/, "html"],
  [/json/, "json"],
  [/grpc|protobuf/, "grpc"],
  [/^image\//, "image"],
  [/xml/, "xml"],
  [/javascript|ecmascript/, "script"],
  [/^text\/css/, "style"],
  [/font/, "font"],
  [/^(audio|video)\/|mpegurl|dash/, "media"],
  [/^text\/|urlencoded/, "text"],
  [/./, "binary"],
];

export function typeIcon({ kind, contentType }: Row): TypeIcon {
  if (kind === "ws") return "websocket";
  if (kind !== "http") return kind;
  return types.find(([type]) => type.test(contentType))?.[1] ?? "none";
}

export const typeNames: Record<TypeIcon, string> = {
  html: "HTML",
  json: "JSON",
  xml: "XML",
  script: "script",
  style: "style sheet",
  image: "image",
  font: "font",
  media: "audio or video",
  text: "text",
  grpc: "gRPC or protobuf",
  binary: "binary",
  none: "HTTP without a content type",
  websocket: "WebSocket",
  dns: "DNS",
  tcp: "TCP",
  udp: "UDP",
};

/* 16 x 16, strokes only. */
export const typePaths: Record<TypeIcon, string> = {
  html: "M5.500 4.500L2 8l3.500 3.500M10.500 4.500L14 8l-3.500 3.500M9.200 3L6.800 13",
  json: "M6 3c-2 0-2 1-2 2.500S4 8 2.500 8C4 8 4 9 4 10.500S4 13 6 13M10 3c2 0 2 1 2 2.500S12 8 13.500 8C12 8 12 9 12 10.500s0 2.500-2 2.500",
  xml: "M5 4L2 8l3 4M11 4l3 4-3 4M6.500 6.500l3 3M9.500 6.500l-3 3",
  script:
    "M3 3h10v10H3zM7 7v4c0 1-1.500 1-2 .2M12 7.500c-.5-.8-2.500-.8-2.500.4 0 1.300 2.700.9 2.700 2.200 0 1.200-2.200 1.200-2.800.2",
  style: "M6.500 2.500L5 13.500M11 2.500L9.500 13.500M3 6h10.500M2.500 10H13",
  image: "M2.500 3h11v10h-11zM2.500 11l3-3 2.500 2.500L10.500 8l3 3M6 6h.01",
  font: "M3 13L7.500 3h1L13 13M4.800 9.500h6.400",
  media:
    "M8 2.500a5.500 5.500 0 100 11 5.500 5.500 0 000-11zM6.800 5.800v4.400L10.500 8z",
  text: "M3 4h10M3 7h10M3 10h10M3 13h6",
  grpc: "M8 2l5 3v6l-5 3-5-3V5zM3 5l5 3 5-3M8 8v6",
  binary: "M4 2.500h5l3 3v8H4zM9 2.500v3h3",
  none: "M3 8h9M9 5l3 3-3 3",
  websocket: "M2.500 5.500h9M9 3l2.500 2.500L9 8M13.500 10.500h-9M7 8l-2.500 2.500L7 13",
  dns: "M8 2.500a5.500 5.500 0 100 11 5.500 5.500 0 000-11zM2.500 8h11M8 2.500c3 3 3 8 0 11M8 2.500c-3 3-3 8 0 11",
  tcp: "M2.500 8h11M4.500 5.500v5M11.500 5.500v5",
  udp: "M2.500 8h2M7 8h2M11.500 8h2M4.500 5.500v5M11.500 5.500v5",
};

import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { HeaderFieldSchema } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { headersOf, headerText } from "./headers";

const encode = (text: string) => new TextEncoder().encode(text);
const field = (name: string, value: Uint8Array) =>
  create(HeaderFieldSchema, { name: encode(name), value });

it("keeps the order of repeated headers", () => {
  const headers = headersOf(
    [
      field("Set-Cookie", encode("a")),
      field("X", encode("\u00e9")),
      field("Set-Cookie", encode("b")),
    ],
    { ignored: "x" },
  );
  expect(headers.map((h) => `${h.name}=${h.value}`)).toEqual([
    "Set-Cookie=a",
    "X=\u00e9",
    "Set-Cookie=b",
  ]);
});

it("falls back to the map of older exporters", () => {
  expect(headersOf([], { "Content-Type": "a/b" })).toEqual([
    { name: "Content-Type", value: "a/b" },
  ]);
});

it("reads bytes that are no UTF-8 as Latin-1", () => {
  expect(headerText(Uint8Array.of(0x5a, 0xfc))).toBe("Z\u00fc");
});

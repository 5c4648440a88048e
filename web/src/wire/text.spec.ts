import { expect, it } from "vitest";
import { textOf } from "./text";

it.each([
  ["", "nothing"],
  ["GET", "a short text"],
  ["/\u0000\u007f", "all of ASCII"],
  ["/caf\u00e9\u{1f600}", "more than ASCII"],
  ["x".repeat(48), "the longest short text"],
  ["x".repeat(49), "the shortest long one"],
  ["\ufeffx", "a mark of its order of bytes, of which it is rid"],
])("reads %j: %s", (text) => {
  const bytes = new TextEncoder().encode(text);
  expect(textOf(bytes)).toBe(new TextDecoder().decode(bytes));
});

it("reads what is no UTF-8 as a TextDecoder does", () => {
  for (const bytes of [[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]])
    expect(textOf(new Uint8Array(bytes))).toBe(
      new TextDecoder().decode(new Uint8Array(bytes)),
    );
});

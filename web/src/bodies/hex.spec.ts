import { expect, it } from "vitest";
import { asciiOf, hexLine, hexLineCount, hexText } from "./hex";

const bytes = Uint8Array.from({ length: 20 }, (_, i) => i + 0x38);

it("writes a line of a dump as offset, bytes and ASCII", () => {
  const line = hexLine(bytes, 0, 16);
  expect(line.offset).toBe("00000000");
  expect(line.hex).toBe("38 39 3a 3b 3c 3d 3e 3f  40 41 42 43 44 45 46 47");
  expect(line.ascii).toBe("89:;<=>?@ABCDEFG");
});

it("fills a short last line, so that columns stand below each other", () => {
  const line = hexLine(bytes, 1, 16);
  expect(line.offset).toBe("00000010");
  expect(line.hex.trimEnd()).toBe("48 49 4a 4b");
  expect(line.hex).toHaveLength(hexLine(bytes, 0, 16).hex.length);
});

it("counts lines", () => {
  expect([0, 1, 16, 17].map((n) => hexLineCount(n, 16))).toEqual([0, 1, 1, 2]);
});

it("writes no byte as anything but ASCII", () => {
  expect(asciiOf(Uint8Array.of(0x3c, 0, 0x1b, 0x7f, 0xe2, 0x80, 0xae))).toBe(
    "<\u00b7\u00b7\u00b7\u00b7\u00b7\u00b7",
  );
  expect(hexText(Uint8Array.of(0xde, 0xad, 1))).toBe("de ad 01");
});

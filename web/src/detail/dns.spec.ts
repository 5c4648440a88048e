import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { DNSResourceRecordSchema } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { recordText } from "./dns";

const text = (type: string, ...data: number[]) =>
  recordText(create(DNSResourceRecordSchema, { type, data: Uint8Array.from(data) }));

it("writes addresses as people do", () => {
  expect(text("A", 192, 0, 2, 7)).toBe("192.0.2.7");
  const v6 = (...groups: number[]) =>
    text("AAAA", ...groups.flatMap((g) => [g >> 8, g & 255]));
  expect(v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)).toBe("2001:db8::1");
  expect(v6(0, 0, 0, 0, 0, 0, 0, 0)).toBe("::");
  expect(v6(0, 0, 0, 0, 0, 0, 0, 1)).toBe("::1");
  expect(v6(1, 0, 0, 0, 0, 0, 0, 0)).toBe("1::");
  expect(v6(1, 0, 2, 0, 0, 3, 0, 4)).toBe("1:0:2::3:0:4");
});

it("writes names and texts", () => {
  expect(text("CNAME", 1, 0x61, 2, 0x62, 0x63, 0)).toBe("a.bc");
  expect(text("TXT", 2, 0x68, 0x69, 1, 0x22)).toBe('"hi" "\\""');
});

it.each([
  ["A", [1, 2, 3], "01 02 03"],
  ["CNAME", [0xc0, 0x0c], "c0 0c"],
  ["CNAME", [5, 0x61], "05 61"],
  ["TXT", [9, 0x61], "09 61"],
  ["SVCB", [0, 1], "00 01"],
])("shows %s data that it cannot read as hex", (type, data, shown) => {
  expect(text(type, ...data)).toBe(shown);
});

import { expect, it } from "vitest";
import { faultParts } from "./fault";

const parts = (filter: string, position: number, length: number) =>
  faultParts(filter, { message: "", position, length });

it("takes a filter apart at the wrong place", () => {
  expect(parts("~m GET ~zz x", 7, 3)).toEqual(["~m GET ", "~zz", " x"]);
  expect(parts("~m GET &", 8, 0)).toEqual(["~m GET &", "", ""]);
});

it("counts as the server does, in bytes", () => {
  expect(parts("gr\u00fc\u00df\u{1f600} ~zz", 11, 3)).toEqual([
    "gr\u00fc\u00df\u{1f600} ",
    "~zz",
    "",
  ]);
});

it("takes a place that is none for the end", () => {
  expect(parts("abc", 1000, 4_000_000_000)).toEqual(["abc", "", ""]);
});

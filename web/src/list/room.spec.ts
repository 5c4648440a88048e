import { describe, expect, it } from "vitest";
import { surelyFits } from "./room";

describe("what surely fits", () => {
  it("is what has room for its letters", () => {
    expect(surelyFits("", 0)).toBe(true);
    expect(surelyFits("/cart", 45)).toBe(true);
    expect(surelyFits("/cart", 44)).toBe(false);
  });

  it("takes capitals and other wide letters for wide", () => {
    expect(surelyFits("POST", 52)).toBe(true);
    expect(surelyFits("POST", 51)).toBe(false);
    expect(surelyFits("mm", 25)).toBe(false);
  });

  it("is nothing that is not ASCII, which may be of any width", () => {
    expect(surelyFits("\ufdfd", 1000)).toBe(false);
    expect(surelyFits("a\tb", 1000)).toBe(false);
    expect(surelyFits("\ud800", 1000)).toBe(false);
  });

  it("is told of very long texts by their length", () => {
    expect(surelyFits("a".repeat(1_000_000), 500)).toBe(false);
  });
});

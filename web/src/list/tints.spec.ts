import { describe, expect, it } from "vitest";
import { row } from "../connection/testing";
import { Tints } from "./tints";

const atMs = 1_700_000_000_000;
const ended = (number: number, endMs: number) =>
  row(number, { startMs: endMs - 40, durationMs: 40 });

describe("Tints", () => {
  it("are held, fade and end", () => {
    const tints = new Tints();
    const rows = [ended(1, atMs)];
    expect(tints.of(rows, atMs)).toEqual(["on"]);
    expect(tints.changesInMs(atMs)).toBe(1100);
    expect(tints.of(rows, atMs + 1099)).toEqual(["on"]);
    expect(tints.of(rows, atMs + 1100)).toEqual(["fades"]);
    expect(tints.changesInMs(atMs + 1100)).toBe(500);
    expect(tints.of(rows, atMs + 1600)).toEqual([""]);
    expect(tints.changesInMs(atMs + 1600)).toBeNull();
  });

  it("are for flows of this moment by either clock", () => {
    const tints = new Tints();
    const rows = [
      ended(3, atMs + 1400),
      undefined,
      ended(2, atMs),
      ended(1, atMs - 1500),
    ];
    expect(tints.of(rows, atMs)).toEqual(["on", "", "on", ""]);
  });

  it("come once to a flow that goes on changing", () => {
    const tints = new Tints();
    for (let ms = 0; ms < 1100; ms += 100)
      expect(tints.of([ended(1, atMs + ms)], atMs + ms)).toEqual(["on"]);
    tints.of([ended(1, atMs + 1600)], atMs + 1600);
    for (let ms = 1700; ms < 5000; ms += 100)
      expect(tints.of([ended(1, atMs + ms)], atMs + ms)).toEqual([""]);
  });

  it("come to an old flow that ends, and again after a while of rest", () => {
    const tints = new Tints();
    expect(tints.of([ended(1, atMs - 60_000)], atMs)).toEqual([""]);
    expect(tints.of([ended(1, atMs)], atMs)).toEqual(["on"]);
    expect(tints.of([ended(1, atMs)], atMs + 60_000)).toEqual([""]);
    expect(tints.of([ended(1, atMs + 90_000)], atMs + 90_000)).toEqual(["on"]);
  });

  it("tell of the first change to come of all rows", () => {
    const tints = new Tints();
    tints.of([ended(1, atMs)], atMs);
    tints.of([ended(2, atMs + 300), ended(1, atMs)], atMs + 300);
    expect(tints.changesInMs(atMs + 300)).toBe(800);
  });
});

import { describe, expect, it } from "vitest";
import { heightMax, ScrollMap } from "./scrollMap";

const million = 1_000_000;
const view = 780;

function make(count: number): ScrollMap {
  const map = new ScrollMap();
  map.resize(count, 26, view);
  return map;
}

/* As a browser does: it keeps within its bounds and says where it is. */
function scrollTo(map: ScrollMap, scrollTop: number): number {
  const max = Math.max(0, map.height - view);
  const at = Math.min(max, Math.max(0, scrollTop));
  map.scrolled(at);
  return at;
}

describe("ScrollMap", () => {
  it("is the element itself while the list is not too long", () => {
    const map = make(1000);
    expect(map.height).toBe(26_000);
    scrollTo(map, 12_345);
    expect(map.offset).toBe(12_345);
    expect(map.isInStep).toBe(true);
    scrollTo(map, 1e9);
    expect(map.lines.end).toBe(1000);
  });

  it("reaches the last of a million lines, and of ten", () => {
    for (const count of [million, 10 * million]) {
      const map = make(count);
      expect(map.height).toBe(heightMax);
      scrollTo(map, heightMax);
      expect(map.lines.end).toBe(count);
      expect(map.offset + view).toBe(count * 26);
      scrollTo(map, 0);
      expect(map.offset).toBe(0);
    }
  });

  it("goes to the same part of the list when the thumb is dragged", () => {
    const map = make(million);
    scrollTo(map, (heightMax - view) / 2);
    expect(map.lines.first).toBeGreaterThan(million / 2 - 100);
    expect(map.lines.first).toBeLessThan(million / 2 + 100);
  });

  it("moves by as many pixels as the wheel, also where its range is scaled", () => {
    const map = make(million);
    map.go(500_000 * 26);
    map.settled(map.scrollTop);
    let at = map.scrollTop;
    for (let i = 0; i < 20; i++) at = scrollTo(map, at + 100);
    expect(map.offset).toBe(500_000 * 26 + 2000);
    expect(map.isInStep).toBe(false);
    map.settled(map.scrollTop);
    expect(map.offset).toBe(500_000 * 26 + 2000);
  });

  it("comes to the ends by the wheel, line by line", () => {
    const map = make(million);
    map.go(map.max - 5000);
    for (let turns = 0; turns < 50; turns++) {
      map.settled(map.scrollTop);
      scrollTo(map, map.scrollTop + 100);
      expect(map.offset).toBe(Math.min(map.max, map.max - 5000 + 100 * (turns + 1)));
    }
    expect(map.isStuck).toBe(false);
  });

  it("knows when the element is at its end before the list is", () => {
    const map = make(million);
    map.go(map.max - 5000);
    map.settled(map.scrollTop);
    let at = map.scrollTop;
    expect(map.isStuck).toBe(false);
    for (let turns = 0; turns < 40; turns++) at = scrollTo(map, at + 100);
    expect(map.isStuck).toBe(map.offset < map.max);
    map.settled(map.scrollTop);
    expect(map.isStuck).toBe(false);
  });

  it("keeps its line when lines change their height, and within what is left", () => {
    const map = make(1000);
    map.go(26 * 400);
    map.resize(1000, 50, view);
    expect(map.lines.first).toBe(400);
    map.resize(100, 50, view);
    expect(map.lines.end).toBe(100);
  });

  it("brings a line into view by as little as it takes", () => {
    const map = make(1000);
    map.show(10);
    expect(map.offset).toBe(0);
    map.show(40);
    expect(map.offset).toBe(41 * 26 - view);
    map.show(3);
    expect(map.offset).toBe(3 * 26);
  });
});

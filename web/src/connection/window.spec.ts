import { describe, expect, it } from "vitest";
import { row } from "./testing";
import { FlowWindow, findPlace, placeOf } from "./window";

const numbers = (window: FlowWindow) => window.rows.map((r) => r.number);

function filled(max: number, count: number): FlowWindow {
  const window = new FlowWindow(max);
  window.apply(
    Array.from({ length: count }, (_, i) => row(i + 1)),
    [],
  );
  return window;
}

describe("FlowWindow", () => {
  it("orders flows by number, however they come", () => {
    const window = new FlowWindow(10);
    window.apply([row(5), row(2), row(9)], []);
    window.apply([row(3)], []);
    expect(numbers(window)).toEqual([2, 3, 5, 9]);
  });

  it("replaces a flow by its later state and never by an earlier one", () => {
    const window = new FlowWindow(10);
    window.apply([row(1, { change: 5, status: "200" })], []);
    window.apply([row(1, { change: 4, status: "old" })], []);
    expect(window.rows[0]?.status).toBe("200");
    window.apply([row(1, { change: 6, status: "new" })], []);
    expect(window.rows.map((r) => r.status)).toEqual(["new"]);
  });

  it("drops flows that are gone", () => {
    const window = filled(10, 4);
    window.apply([], [2, 4, 77]);
    expect(numbers(window)).toEqual([1, 3]);
  });

  it("drops the oldest past its limit, and leaves them out from then on", () => {
    const window = filled(3, 5);
    expect(numbers(window)).toEqual([3, 4, 5]);
    window.apply([row(2, { change: 99 })], []);
    expect(numbers(window)).toEqual([3, 4, 5]);
    expect(window.hasOlder).toBe(true);
  });

  it("knows after a reset whether there may be older flows", () => {
    const all = filled(10, 4);
    all.settle(5);
    expect(all.hasOlder).toBe(false);
    const some = filled(10, 5);
    some.settle(5);
    expect(some.hasOlder).toBe(true);
  });

  it("replaces its rows rather than changing them", () => {
    const window = filled(10, 2);
    const before = window.rows;
    window.apply([row(3)], [1]);
    expect(before.map((r) => r.number)).toEqual([1, 2]);
    const same = window.rows;
    window.apply([], []);
    expect(window.rows).toBe(same);
  });
});

describe("placeOf and findPlace", () => {
  it("find a number among many", () => {
    const rows = [2, 4, 6].map((n) => row(n));
    expect([1, 2, 5, 7].map((n) => placeOf(rows, n))).toEqual([0, 0, 2, 3]);
    expect(rows[findPlace(rows, 4) ?? -1]?.number).toBe(4);
    expect(findPlace(rows, 5)).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import type { ToTab } from "../connection/protocol";
import { row } from "../connection/testing";
import { countOf } from "./listing";
import { Store } from "./store";

function make(filter = "") {
  const frames: (() => void)[] = [];
  const fetch = {
    fetchOlder: () => Promise.resolve([]),
    fetchSorted: () => Promise.resolve({ rows: [], matched: 0 }),
  };
  const store = new Store(filter, fetch, (flush) => frames.push(flush));
  const draw = () => {
    for (const flush of frames.splice(0)) flush();
  };
  let shown = 0;
  store.subscribe(() => shown++);
  return { store, frames, draw, shown: () => shown };
}

function batch(more: Partial<Extract<ToTab, { type: "batch" }>>): ToTab {
  const empty = {
    filter: "",
    reset: false,
    rows: [],
    gone: [],
    floor: 0,
    below: 0,
    total: 0,
    evicted: 0,
    limited: false,
  };
  return { type: "batch", ...empty, ...more };
}

const numbers = (store: Store) => store.view.rows.map((r) => r.number);

describe("Store", () => {
  it("shows any number of batches in one frame", () => {
    const { store, frames, draw, shown } = make();
    store.take(batch({ reset: true, rows: [row(1)], total: 1 }));
    store.take(batch({ rows: [row(2)], total: 2 }));
    store.take(batch({ rows: [row(3)], gone: [1], total: 2 }));
    expect(frames).toHaveLength(1);
    expect(store.view.loaded).toBe(false);
    draw();
    expect(shown()).toBe(1);
    expect(numbers(store)).toEqual([2, 3]);
    expect(store.view).toMatchObject({ total: 2, loaded: true });
  });

  it("keeps the rows of one filter until those of the next are there", () => {
    const { store, draw } = make();
    store.take(batch({ reset: true, rows: [row(1)] }));
    draw();
    const watched: string[] = [];
    store.setFilter("x", { watch: (filter) => watched.push(filter) });
    expect(watched).toEqual(["x"]);
    store.take(batch({ rows: [row(2)] }));
    draw();
    expect(numbers(store)).toEqual([1]);
    store.take(batch({ filter: "x", reset: true, rows: [row(9)] }));
    draw();
    expect(numbers(store)).toEqual([9]);
    expect(store.view.filter).toBe("x");
  });

  it("takes the place of older flows from the worker", () => {
    const { store, draw } = make();
    store.take(batch({ reset: true, rows: [row(5), row(6)], floor: 5 }));
    store.take(batch({ rows: [row(3)], floor: 5 }));
    draw();
    expect(numbers(store)).toEqual([5, 6]);
    expect(countOf(store.view.listing)).toBe(2);
  });

  it("shows at once what this tab did itself", () => {
    const { store, draw } = make();
    store.take(batch({ reset: true, rows: [row(1), row(2)] }));
    draw();
    store.put(row(1, { change: 9, pinned: true }));
    expect(store.view.rows[0]?.pinned).toBe(true);
    store.put(row(77));
    store.drop(2);
    expect(numbers(store)).toEqual([1]);
  });

  it("passes the connection's state on", () => {
    const { store, draw } = make();
    const status = { state: "offline" as const, since: 5, reason: "refused" };
    store.take({ type: "status", filter: "", status });
    store.take({ type: "status", filter: "other", status: { ...status, state: "live" } });
    draw();
    expect(store.view.status).toEqual(status);
  });

  it("shows how far a search has come, until it is over", () => {
    const { store, draw } = make();
    store.take({ type: "search", filter: "", search: { backToMs: 5 } });
    draw();
    expect(store.view.search).toEqual({ backToMs: 5 });
    store.take({ type: "search", filter: "", search: null });
    draw();
    expect(store.view.search).toBeNull();
  });

  describe("when a filter is wrong", () => {
    const fault = { message: "no", position: 0, length: 1 };

    function mistyped() {
      const made = make();
      const watched: string[] = [];
      const client = { watch: (filter: string) => watched.push(filter) };
      made.store.take(batch({ reset: true, rows: [row(1)] }));
      made.draw();
      made.store.setFilter("~", client);
      made.store.take({ type: "fault", filter: "~", fault });
      made.draw();
      return { ...made, watched, client };
    }

    it("says so, and goes on with the list of the one before", () => {
      const { store, draw, watched } = mistyped();
      expect(store.view).toMatchObject({ filter: "", fault: { ...fault, filter: "~" } });
      expect(watched).toEqual(["~", ""]);
      store.take(batch({ reset: true, rows: [row(1), row(2)] }));
      draw();
      expect(numbers(store)).toEqual([1, 2]);
      expect(store.view.fault).not.toBeNull();
    });

    it("forgets it with the next filter, also with the one before", () => {
      for (const next of ["~m GET", ""]) {
        const { store, watched, client } = mistyped();
        store.setFilter("~", client);
        expect(store.view.fault).not.toBeNull();
        store.setFilter(next, client);
        expect(store.view.fault).toBeNull();
        expect(watched).toEqual(next ? ["~", "", next] : ["~", ""]);
      }
    });

    it("shows nothing if it was the first", () => {
      const { store, draw } = make("~");
      store.take({ type: "fault", filter: "~", fault });
      draw();
      expect(store.view).toMatchObject({ loaded: false, fault: { filter: "~" } });
    });
  });
});

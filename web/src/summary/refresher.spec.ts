import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Refresher } from "./refresher";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/* A refresher whose work takes `tookMs`. */
function make(tookMs: number, isSeen = () => true) {
  let count = 0;
  const work = async () => {
    count++;
    await new Promise((resolve) => setTimeout(resolve, tookMs));
  };
  return { refresher: new Refresher(work, 1000, isSeen), count: () => count };
}

describe("Refresher", () => {
  it("asks at once, then once a second however often it is touched", async () => {
    const { refresher, count } = make(10);
    for (let at = 0; at < 50; at++) {
      refresher.touch();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(count()).toBe(5);
  });

  it("asks once more for what changed meanwhile, and then not again", async () => {
    const { refresher, count } = make(10);
    refresher.touch();
    await vi.advanceTimersByTimeAsync(5);
    refresher.touch();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(count()).toBe(2);
  });

  it("gives a slow server nine tenths of the time for others", async () => {
    const { refresher, count } = make(1000);
    for (let at = 0; at < 290; at++) {
      refresher.touch();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(count()).toBe(3);
  });

  it("waits while nobody looks, and catches up once somebody does", async () => {
    let seen = false;
    const { refresher, count } = make(10, () => seen);
    refresher.touch();
    await vi.advanceTimersByTimeAsync(5000);
    expect(count()).toBe(0);
    seen = true;
    refresher.look();
    await vi.advanceTimersByTimeAsync(0);
    expect(count()).toBe(1);
  });

  it("does nothing more once closed", async () => {
    const { refresher, count } = make(10);
    refresher.touch();
    refresher.close();
    await vi.advanceTimersByTimeAsync(5000);
    expect(count()).toBe(0);
  });
});

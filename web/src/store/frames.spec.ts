import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pacedFrames, type Schedule } from "./frames";

describe("frames", () => {
  let asked: (() => void)[];
  let hear: (() => void) | undefined;
  let drawn: string[];
  let schedule: Schedule;

  const frame = () => {
    const due = asked;
    asked = [];
    for (const call of due) call();
  };
  const draw = (name: string) => schedule(() => drawn.push(name));

  beforeEach(() => {
    asked = [];
    drawn = [];
    vi.useFakeTimers();
    vi.stubGlobal("requestAnimationFrame", (call: () => void) => asked.push(call));
    vi.stubGlobal("addEventListener", (type: string, heard: () => void) => {
      if (type === "keydown") hear = heard;
    });
    schedule = pacedFrames();
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("are not waited for after a pause, and are while more comes", () => {
    draw("first");
    expect(drawn).toEqual(["first"]);
    draw("second");
    expect(drawn).toEqual(["first"]);
    frame();
    expect(drawn).toEqual(["first", "second"]);
    vi.advanceTimersByTime(100);
    draw("third");
    expect(drawn).toEqual(["first", "second", "third"]);
  });

  it("belong to the reader first", () => {
    hear?.();
    draw("first");
    frame();
    expect(drawn).toEqual([]);
    frame();
    expect(drawn).toEqual(["first"]);
  });

  it("need not come, as in a tab that is not seen", () => {
    draw("first");
    draw("second");
    vi.advanceTimersByTime(1000);
    expect(drawn).toEqual(["first", "second"]);
  });
});

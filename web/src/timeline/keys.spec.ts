import { expect, it } from "vitest";
import { moved, type Picked } from "./keys";

const press = (key: string, picked: Picked | null, shiftKey = false) =>
  moved({ key, shiftKey }, picked, 40);

it("the first arrow picks the newest bar, the next ones move it", () => {
  const first = press("ArrowLeft", null);
  expect(first).toEqual({ anchor: 39, at: 39 });
  expect(press("ArrowLeft", first)).toEqual({ anchor: 38, at: 38 });
  expect(press("ArrowRight", first)).toEqual({ anchor: 39, at: 39 });
});

it("Shift widens from where the range was begun", () => {
  const one = { anchor: 20, at: 20 };
  expect(press("ArrowLeft", one, true)).toEqual({ anchor: 20, at: 19 });
  expect(press("PageDown", one, true)).toEqual({ anchor: 20, at: 30 });
  expect(press("Home", one, true)).toEqual({ anchor: 20, at: 0 });
  expect(press("End", { anchor: 20, at: 0 })).toEqual({ anchor: 39, at: 39 });
});

it("other keys move nothing, and nothing moves without bars", () => {
  expect(press("x", null)).toBeNull();
  expect(moved({ key: "Home", shiftKey: false }, null, 0)).toBeNull();
});

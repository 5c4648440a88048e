import { expect, it } from "vitest";
import { Slots } from "./slots";

const never = new AbortController().signal;

it("grants as many slots as there are, then in order of asking", async () => {
  const slots = new Slots(1);
  expect(await slots.take(never)).toBe(true);
  const order: string[] = [];
  const first = slots.take(never).then(() => order.push("first"));
  const second = slots.take(never).then(() => order.push("second"));
  expect(slots.contended).toBe(true);
  slots.give();
  await first;
  slots.give();
  await second;
  expect(order).toEqual(["first", "second"]);
  expect(slots.contended).toBe(false);
});

it("forgets who no longer waits", async () => {
  const slots = new Slots(1);
  await slots.take(never);
  const leaving = new AbortController();
  const left = slots.take(leaving.signal);
  leaving.abort();
  expect(await left).toBe(false);
  expect(slots.contended).toBe(false);
  slots.give();
  expect(await slots.take(never)).toBe(true);
});

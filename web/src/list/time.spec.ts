import { describe, expect, it } from "vitest";
import { readMoment } from "./time";

const now = new Date(2026, 10, 28, 15, 0).getTime();
const at = (...parts: [number, number, number, number?, number?, number?, number?]) =>
  new Date(...parts).getTime();

describe("readMoment", () => {
  it.each<[string, number]>([
    ["10:01", at(2026, 10, 28, 10, 1)],
    ["10:01:44.12", at(2026, 10, 28, 10, 1, 44, 120)],
    ["23:30", at(2026, 10, 27, 23, 30)],
    ["11-23 9:05", at(2026, 10, 23, 9, 5)],
    ["12-24", at(2025, 11, 24)],
    ["2026-11-23", at(2026, 10, 23)],
    ["2026-11-23T10:01:44", at(2026, 10, 23, 10, 1, 44)],
    [" 2027-01-01 00:00 ", at(2027, 0, 1)],
  ])("takes %j", (text, moment) => expect(readMoment(text, now)).toBe(moment));

  it.each(["", "x", "25:00", "10:75", "2026-13-01", "10", "10:1"])(
    "does not take %j",
    (text) => expect(readMoment(text, now)).toBeNull(),
  );
});

import { describe, expect, it } from "vitest";
import { type Chip, chipState, chips, chipText, withChip, withoutChip } from "./chips";

const chip = (id: Chip["id"]): Chip => {
  const found = chips.find((one) => one.id === id);
  if (!found) throw new Error(id);
  return found;
};
const now = new Date(2026, 10, 27, 12, 0).getTime();
const text = (id: Chip["id"], filter: string) => {
  const state = chipState(chip(id), filter);
  return state && chipText(chip(id), state, now);
};

describe("a chip", () => {
  it("shows what the filter says, whoever wrote it", () => {
    expect(text("host", "~d ^a\\.example$ needle")).toBe("a.example");
    expect(text("host", "~d example")).toBe("example");
    expect(text("host", "!(~d ^a$ | ~d ^b$)")).toBe("not a +1");
    expect(text("host", "!~d ^a$ !~d ^b$")).toBe("not a +1");
    expect(text("type", "(~http | ~websocket)")).toBe("http +1");
    expect(text("status", "~c 5xx")).toBe("5xx");
    expect(text("status", "~c >=400")).toBe(">=400");
    expect(text("time", "~time 5m")).toBe("5m");
    expect(text("method", "needle")).toBeNull();
  });

  it("shows a span of time as the reader's clock does", () => {
    const iso = (hour: number, minute: number, day = 27) =>
      new Date(2026, 10, day, hour, minute).toISOString();
    expect(text("time", `~time ${iso(9, 46)}..${iso(9, 55)}`)).toBe("09:46\u201309:55");
    expect(text("time", `~time ${iso(9, 46, 3)}..${iso(9, 55, 3)}`)).toBe(
      "2026-11-03 09:46\u201309:55",
    );
  });

  it("does not pretend to show what choices cannot", () => {
    expect(chipState(chip("host"), "~d a !~d b")).toBeNull();
    expect(chipState(chip("host"), "(~d a | ~m b)")).toBeNull();
  });

  it("puts its choices into the filter and leaves the rest of it alone", () => {
    const host = chip("host");
    const one = withChip(host, "needle & ~m GET", {
      negated: false,
      values: ["a.example"],
      others: [],
    });
    expect(one).toBe("needle & ~m GET ~d ^a\\.example$");
    const state = { negated: true, values: ["a.example", "b"], others: [] };
    const two = withChip(host, one, state);
    expect(two).toBe("needle & ~m GET !(~d ^a\\.example$ | ~d ^b$)");
    expect(chipState(host, two)).toEqual(state);
    expect(withoutChip(host, two)).toBe("needle & ~m GET");
    expect(withChip(host, two, { negated: true, values: [], others: [] })).toBe(
      "needle & ~m GET",
    );
  });
});

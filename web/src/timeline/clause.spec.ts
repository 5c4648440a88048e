import { describe, expect, it } from "vitest";
import { rounded, timeOf, withoutTime, withTime } from "./clause";

const at = (clock: string) => Date.parse(`2026-11-28T${clock}Z`);

describe("a time range in a filter", () => {
  it("stands in the place of the one before, and the rest stays", () => {
    const first = withTime("~m GET ~e", { fromMs: at("09:46:00"), toMs: at("09:55:00") });
    expect(first).toBe("~m GET ~e ~time 2026-11-28T09:46:00Z..2026-11-28T09:54:59Z");
    const second = withTime(`${first} ~d a`, {
      fromMs: at("10:00:00.001"),
      toMs: at("10:00:00.009"),
    });
    expect(second).toBe(
      "~m GET ~e ~time 2026-11-28T10:00:00.001Z..2026-11-28T10:00:00.008Z ~d a",
    );
    expect(withoutTime(second)).toBe("~m GET ~e ~d a");
  });

  it.each([
    ["09:46:00", "09:55:00"],
    ["09:46:00.25", "09:46:01.375"],
    ["09:46:00.001", "09:46:00.002"],
  ])("from %s to %s is read as it was written", (from, to) => {
    const span = rounded({ fromMs: at(from), toMs: at(to) });
    expect(timeOf(withTime("x | y", span))).toEqual(span);
  });

  it.each([
    "",
    "~m GET",
    "~time 5m",
    "!~time 2026-11-28T09:46:00Z..2026-11-28T09:54:59Z",
    "(~time 2026-11-28T09:46:00Z..2026-11-28T09:54:59Z | ~e)",
    "~time 2026-11-28..2026-11-29",
    '"~time',
  ])("is not found in %j", (filter) => {
    expect(timeOf(filter)).toBeNull();
  });

  it("is rounded outwards to times that can be read", () => {
    const span = { fromMs: at("09:46:03.123"), toMs: at("10:54:58.9") };
    expect(rounded(span)).toEqual({ fromMs: at("09:46:00"), toMs: at("10:55:00") });
  });
});

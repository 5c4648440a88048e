import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LossSchema } from "../gen/mitmflow/v1/mitmflow_pb";
import { countLost, type Loss, lossWords, mergeLosses, toLoss } from "./loss";

const at = (hour: number, minute: number, day = 28) =>
  new Date(2026, 10, day, hour, minute, 30).getTime();

function loss(more: Partial<Loss> = {}): Loss {
  return {
    number: 1,
    source: "laptop",
    count: 12,
    fromMs: at(10, 2),
    toMs: at(10, 5),
    reason: "the spool is full",
    ...more,
  };
}

beforeEach(() => {
  vi.useFakeTimers({ now: at(12, 0) });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("losses", () => {
  it("are told with their times and their reason", () => {
    expect(lossWords([loss()])).toBe("12 flows lost 10:02\u201310:05, spool full");
  });

  it("of one flow at one time are told shortly", () => {
    const one = loss({ count: 1, toMs: at(10, 2), source: "", reason: "" });
    expect(lossWords([one])).toBe("1 flow lost 10:02");
  });

  it("of another day have their date", () => {
    const old = loss({ fromMs: at(23, 58, 26), toMs: at(0, 3, 27) });
    expect(lossWords([old])).toContain(
      "lost 2026-11-26 23:58\u20132026-11-27 00:03, spool full",
    );
    const day = loss({ fromMs: at(9, 0, 26), toMs: at(9, 5, 26) });
    expect(lossWords([day])).toContain("lost 2026-11-26 09:00\u201309:05, ");
  });

  it("of several reports are summed up by what they have in common", () => {
    const more = loss({ number: 2, count: 1, toMs: at(11, 15) });
    expect(lossWords([loss(), more])).toBe("13 flows lost 10:02\u201311:15, spool full");
    const others = { ...more, source: "desktop", reason: "the disk is full" };
    expect(lossWords([loss(), others])).toBe("13 flows lost 10:02\u201311:15");
  });

  it("are known by their numbers, each once", () => {
    const merged = mergeLosses(
      [loss({ number: 1 }), loss({ number: 3 })],
      [loss({ number: 3 }), loss({ number: 2, count: 5 })],
    );
    expect(merged.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(countLost(merged)).toBe(29);
  });

  it("come from strangers: their texts are made visible", () => {
    const { source, reason } = toLoss(
      create(LossSchema, {
        source: "lap\u202etop",
        reason: "a\nb",
        from: timestampFromMs(1),
      }),
    );
    expect(source).toBe("lap\u27e8U+202E\u27e9top");
    expect(reason).toBe("a\u240ab");
  });
});

import { describe, expect, it } from "vitest";
import { FacetKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { durationClause, errorClause, toggled, toggledClause } from "./clauses";

describe("a row of the statistics", () => {
  it.each([
    [FacetKind.HOST, "a.example", "~d ^a\\.example$"],
    [FacetKind.STATUS, "404", "~c 404"],
    [FacetKind.FLOW_TYPE, "dns", "~dns"],
    [FacetKind.DEVICE, "10.8.0.2", "~device ^10\\.8\\.0\\.2$"],
    [FacetKind.CONTENT_TYPE, "text/html; a=b", '~t "^text/html; a=b$"'],
  ])("of facet %d and %s asks for %s, and takes it back", (kind, value, clause) => {
    expect(toggled("~e", kind, value)).toBe(`~e ${clause}`);
    expect(toggled(`~e ${clause}`, kind, value)).toBe("~e");
  });

  it("takes the place of another value of its facet", () => {
    expect(toggled("~http ~d ^b$", FacetKind.FLOW_TYPE, "tcp")).toBe("~tcp ~d ^b$");
    expect(toggled("~d ^b$ ~e", FacetKind.HOST, "a")).toBe("~d ^a$ ~e");
  });

  it("of errors and durations stands beside the rest", () => {
    expect(toggledClause("~m GET", errorClause)).toBe("~m GET (~e | ~c >=400)");
    expect(toggledClause("~m GET (~e | ~c >=400)", errorClause)).toBe("~m GET");
    expect([0, 1, 11].map(durationClause)).toEqual([
      "~dur 0us..1us",
      "~dur 1us..2us",
      "~dur 1024us..2048us",
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { fits, fitting } from "./fuzzy";

describe("fuzzy matching", () => {
  it("takes letters in their order, whatever is between", () => {
    expect(fits("Export flows", "exfl")).not.toBeNull();
    expect(fits("Export flows", "flex")).toBeNull();
    expect(fits("Export flows", "EXPORT F")).not.toBeNull();
  });

  it("prefers letters that stand together, and starts of words", () => {
    const titles = ["Pause the list", "Open or close the palette", "Pin the flow"];
    const best = (typed: string) => fitting(titles, (title) => title, typed)[0];
    expect(best("pin")).toBe("Pin the flow");
    expect(best("pal")).toBe("Open or close the palette");
    expect(fitting(titles, (title) => title, " ")).toEqual(titles);
    expect(fitting(titles, (title) => title, "zz")).toEqual([]);
  });
});

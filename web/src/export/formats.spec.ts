import { describe, expect, it } from "vitest";
import { exportUrl, files, texts } from "./formats";

const named = (name: string) => {
  const found = [...files, ...texts].find((format) => format.name === name);
  if (!found) throw new Error(name);
  return found;
};

describe("the address of an exported file", () => {
  it("names one flow, or the filter in full", () => {
    expect(exportUrl(named("curl"), { number: 7 })).toBe("/export?format=curl&number=7");
    const url = exportUrl(named("har"), { filter: "~u a&b | ~m GET#" });
    expect(new URL(url, "http://x").searchParams.get("filter")).toBe("~u a&b | ~m GET#");
    expect(exportUrl(named("har"), { filter: "" })).toBe("/export?format=har");
  });
});

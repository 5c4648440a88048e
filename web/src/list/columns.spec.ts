import { describe, expect, it } from "vitest";
import { fitting, moved, plainLayout, readLayout, resized, template } from "./columns";

const all = () => true;

describe("columns", () => {
  it("give way to the path where the list is narrow, the least useful first", () => {
    expect(fitting(plainLayout, all, 2000)).toHaveLength(12);
    expect(fitting(plainLayout, all, 1200)).not.toContain("waterfall");
    const few = fitting(plainLayout, all, 560);
    expect(few).toEqual(["time", "method", "path", "status"]);
    expect(fitting(plainLayout, all, 10)).toEqual(["time", "path", "status"]);
  });

  it("are shown as the reader chose, else where they say something", () => {
    const layout = { ...plainLayout, shown: { source: true, size: false } };
    const ids = fitting(layout, (id) => id !== "source" && id !== "content", 2000);
    expect(ids).toContain("source");
    expect(ids).not.toContain("size");
    expect(ids).not.toContain("content");
  });

  it("keep their place and width over a visit", () => {
    const layout = resized(moved(plainLayout, "size", 0), "host", 333.4);
    const kept = readLayout(JSON.stringify(layout));
    expect(kept).toEqual(layout);
    expect(kept.order[0]).toBe("size");
    expect(template(kept, ["host", "path"])).toBe("333px minmax(0, 1fr)");
  });

  it.each([
    "",
    "nonsense",
    "null",
    "[]",
    '{"order":[1,"x","size","size"],"widths":{"host":1e9},"shown":{"x":1}}',
  ])("are the plain ones of what was not kept by this page: %s", (text) => {
    const layout = readLayout(text);
    expect([...layout.order].sort()).toEqual([...plainLayout.order].sort());
    expect(layout.widths).toEqual({});
    expect(layout.shown).toEqual({});
  });
});

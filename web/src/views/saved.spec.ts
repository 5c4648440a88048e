import { beforeEach, describe, expect, it, vi } from "vitest";
import { home } from "../place/place";
import {
  putViews,
  readViews,
  removeView,
  renameView,
  savedViews,
  viewSearch,
  writeViews,
} from "./saved";

const names = () => savedViews().map(({ name }) => name);

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
  });
  for (const name of names()) removeView(name);
});

describe("saved views", () => {
  it("keep everything of a place but the open flow and their own names", () => {
    const place = { ...home, filter: "~m GET", sort: "size" as const, ascending: true };
    const search = viewSearch({ ...place, flow: 7, tab: "timing", view: "old" });
    expect(search).toBe("?q=%7Em+GET&sort=size&asc=1");
  });

  it("are put, renamed and removed by name", () => {
    putViews({ name: "a", search: "?q=a" }, { name: "b", search: "?q=b" });
    putViews({ name: "a", search: "?q=c" });
    expect(savedViews()).toEqual([
      { name: "b", search: "?q=b" },
      { name: "a", search: "?q=c" },
    ]);
    renameView("b", "a");
    expect(savedViews()).toEqual([{ name: "a", search: "?q=b" }]);
    removeView("a");
    expect(names()).toEqual([]);
  });

  it("come back from the text that they are exported as", () => {
    const views = [{ name: "<b>\u00fc", search: "?q=%7Em+GET" }];
    expect(readViews(writeViews(views))).toEqual(views);
  });

  it.each([
    "",
    "{",
    "{}",
    "[1, null, {}]",
    '[{"name": "", "search": ""}]',
    '[{"name": " a", "search": ""}]',
    `[{"name": "${"x".repeat(81)}", "search": ""}]`,
  ])("do not come from %s", (text) => expect(readViews(text)).toEqual([]));

  it("take nothing from elsewhere that an address would not", () => {
    const text = '[{"name": "a", "search": "?q=x&panel=<b>&flow=3&sort=nope"}]';
    expect(readViews(text)).toEqual([{ name: "a", search: "?q=x" }]);
  });
});

import { beforeEach, describe, expect, it, vi } from "vitest";
import { plainLayout, resized } from "../list/columns";
import { getLayout, setLayout } from "../list/layout";
import { home } from "../place/place";
import {
  isShownAs,
  placeOf,
  putViews,
  readViews,
  removeView,
  renameView,
  savedViews,
  viewOf,
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

  it("keep the list's columns, and lay it out again", () => {
    const wide = resized(plainLayout, "host", 300);
    setLayout(wide);
    putViews(viewOf("wide", home));
    setLayout(plainLayout);
    const [saved] = readViews(writeViews(savedViews()));
    if (!saved) throw new Error("nothing was saved");
    expect(isShownAs(saved, home)).toBe(false);
    expect(placeOf(saved)).toEqual({ ...home, view: "wide" });
    expect(getLayout()).toEqual(wide);
    expect(isShownAs(saved, home)).toBe(true);
  });

  it("of before columns were kept leave those as they are", () => {
    setLayout(plainLayout);
    placeOf({ name: "old", search: "?q=a" });
    expect(getLayout()).toEqual(plainLayout);
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

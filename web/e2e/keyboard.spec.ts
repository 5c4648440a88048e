import { describe, expect, it } from "vitest";
import { body, fields, http, loss, tcp } from "./harness/exporter";
import { Keys } from "./harness/keys";
import { dialogs, type Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();

const json = (url: string, value: unknown, statusCode = 200) =>
  http(url, {
    response: {
      statusCode,
      headerFields: fields(["content-type", "application/json"]),
      content: body(JSON.stringify(value)),
    },
  });

/* A page with some flows of each kind, and a badge of what was lost. */
async function read(search = ""): Promise<{ reader: Reader; keys: Keys }> {
  const now = Date.now();
  await scene.exporter.send(
    json("http://api.a.example/cart", { a: [1, { b: null }], c: "d" }),
    json("http://cdn.a.example/logo?v=2", { other: true }, 404),
    json("http://b.example/orders", { a: [2], c: "d" }, 500),
    tcp([
      [true, "one"],
      [false, "two"],
    ]),
    loss("first", 12, now - 60_000, now),
  );
  const reader = await scene.read(search);
  await reader.sees("/cart");
  await reader.page.getByRole("slider", { name: "Times shown" }).waitFor();
  return { reader, keys: new Keys(reader.page) };
}

const settled = (reader: Reader) =>
  reader.page.waitForFunction(
    () =>
      !document.querySelector("[aria-busy=true]") &&
      !document.querySelector("main.loading"),
  );

describe("Tab goes to every control that there is, in sight and back again", () => {
  it("while nothing is captured", async () => {
    const reader = await scene.read();
    await reader.page.getByText("Nothing captured yet").waitFor();
    await settled(reader);
    await new Keys(reader.page).goesRound();
    await reader.page.getByRole("radio", { name: "WireGuard" }).check();
    await reader.page.getByLabel("or choose its file").waitFor();
    await new Keys(reader.page).goesRound();
  });

  it.each([
    ["the list", ""],
    ["a list that is narrowed and sorted", "?q=~m+GET&h=~c+404&sort=size"],
    ["an open flow", "?flow=1&tab=response"],
    ["its overview", "?flow=1&tab=overview"],
    ["its timing", "?flow=1&tab=timing"],
    ["its connection", "?flow=1&tab=connection"],
    ["its note", "?flow=1&tab=note"],
    ["a conversation", "?flow=4&tab=messages"],
    ["two flows compared", "?flow=1&with=3"],
    ["a comparison of which one is missing", "?flow=1&with=99"],
    ["the statistics", "?panel=statistics"],
    ["the tree", "?panel=tree"],
    ["the proxies", "?panel=proxies"],
  ])("in %s", async (_, search) => {
    const { reader, keys } = await read(search);
    await settled(reader);
    await keys.goesRound();
  });

  it.each(dialogs)("in the dialog %s, which gives the focus back", async (title) => {
    const { reader, keys } = await read();
    await keys.to("button", "Export");
    await keys.command(title);
    await reader.page.getByRole("dialog").waitFor();
    await keys.goesRound();
    await keys.press("Escape");
    await reader.page.getByRole("dialog").waitFor({ state: "detached" });
    await keys.hasFocus("button Export");
  });

  it.each([
    "Views",
    "Type",
    "Method",
    "Status",
    "Host",
    "Device",
    "Source",
    "Time",
    "Highlight",
  ])("in what opens at %s, which gives the focus back", async (name) => {
    const { reader, keys } = await read();
    await keys.use("button", name);
    await reader.page.locator(".popover").waitFor();
    await settled(reader);
    await keys.goesRound(".popover");
    await keys.press("Escape");
    await reader.page.locator(".popover").waitFor({ state: "detached" });
    await keys.hasFocus(`button ${name}`);
  });
});

/* The list is at this flow. */
const atFlow = (reader: Reader, number: number) =>
  reader.page.locator(`[role=grid][aria-activedescendant=flow-${number}]`).waitFor();
const filter = (reader: Reader) => new URL(reader.page.url()).searchParams.get("q") ?? "";
const filtered = (reader: Reader, by: RegExp | string) =>
  expect.poll(() => filter(reader)).toMatch(by);

describe("By keys alone", () => {
  it("every command of the palette does what it says", async () => {
    const { reader, keys } = await read();
    const { page } = reader;
    const dialog = async (heading: string) => {
      await page.getByRole("heading", { name: heading, level: 2 }).waitFor();
      await keys.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    };
    const panel = async (name: string) => {
      await page.getByRole("complementary", { name }).waitFor();
      await keys.command(name);
      await page.getByRole("complementary", { name }).waitFor({ state: "detached" });
    };
    const selection = page.getByRole("region", { name: "Selected flows" });
    const does: [title: string, seen: () => Promise<unknown>][] = [
      ["Filter", () => keys.hasFocus("combobox Filter flows")],
      ["Select all flows", () => selection.waitFor()],
      ["Select nothing", () => selection.waitFor({ state: "detached" })],
      ["Columns", () => dialog("Columns")],
      ["Go to a time", () => dialog("Go to a time")],
      ["Follow the newest flows", () => keys.hasFocus("grid")],
      ["Pause the list", () => page.getByRole("button", { name: "Paused" }).waitFor()],
      [
        "Go on with the list",
        () => page.getByRole("button", { name: "Pause" }).waitFor(),
      ],
      ["Export flows", () => dialog("Export")],
      ["Keys and filters", () => dialog("Keys and filters")],
      ["Alerts", () => dialog("Alerts")],
      ["Settings", () => dialog("Settings")],
      ["Statistics", () => panel("Statistics")],
      ["Hosts and devices", () => panel("Hosts and devices")],
      ["Proxies", () => panel("Proxies")],
      [
        "Hide the timeline",
        () => page.locator(".timeline").waitFor({ state: "detached" }),
      ],
      ["Show the timeline", () => page.locator(".timeline").waitFor()],
      ["Go to flow 1", () => reader.panel.waitFor()],
      [
        "Pin the flow, or unpin it",
        () => reader.row("/cart").locator("svg.icon").waitFor(),
      ],
      ["Write a note", () => keys.hasFocus("textarea Note")],
      ["Close the flow", () => reader.panel.waitFor({ state: "detached" })],
    ];
    const offered = new Set<string>();
    for (const [title, seen] of does) {
      await keys.press("Control+k");
      const options = page.locator(".palette [role=option] > span:first-child");
      await options.first().waitFor();
      for (const one of await options.allTextContents()) offered.add(one);
      await keys.type(title.startsWith("Go to flow") ? "1" : title);
      await page
        .locator("[role=option][aria-selected=true]", { hasText: title })
        .waitFor();
      await keys.press("Enter");
      await page.locator(".palette").waitFor({ state: "detached" });
      await seen();
    }
    // One that is new is to be tried here, too.
    const known = does.map(([title]) => title);
    expect([...offered].filter((one) => !known.includes(one))).toEqual([]);
  });

  it("flows are gone through, opened, selected, and have their menu", async () => {
    const { reader, keys } = await read();
    await keys.to("grid", "Captured flows");
    for (const number of [4, 3, 2, 1]) {
      await keys.press("ArrowDown");
      await atFlow(reader, number);
    }
    await keys.press("Home");
    await atFlow(reader, 4);
    await keys.press("ArrowDown", "Enter");
    await reader.panel.waitFor();
    expect(reader.page.url()).toContain("flow=3");
    await keys.press("j");
    await reader.until((at) => location.search.includes(at), "flow=2");
    await keys.press("Escape");
    await reader.panel.waitFor({ state: "detached" });
    await keys.hasFocus("grid");
    await keys.press("Shift+ArrowDown");
    const selection = reader.page.getByRole("region", { name: "Selected flows" });
    await selection.getByText("2 selected").waitFor();
    await keys.use("button", "Select nothing");
    await selection.waitFor({ state: "detached" });
    await keys.hasFocus("grid");
    for (const opens of ["Shift+F10", "ContextMenu"]) {
      await keys.press(opens);
      const menu = reader.page.getByRole("menu");
      await menu.getByRole("menuitem").first().waitFor();
      const items = await menu.getByRole("menuitem").allTextContents();
      expect(items.some((item) => item.startsWith("Write a note"))).toBe(true);
      await keys.hasFocus(/^menu/);
      for (const item of items) {
        if (!(await keys.focus()).includes(item.trim())) await keys.press("ArrowDown");
        await expect.poll(() => keys.focus()).toContain(item.trim());
      }
      await keys.press("Escape");
      await menu.waitFor({ state: "detached" });
      await keys.hasFocus("grid");
    }
    await keys.press("Shift+F10");
    await keys.hasFocus(/^menu/);
    await keys.press("End");
    await keys.hasFocus("menuitem Write a note");
    await keys.press("Enter");
    await keys.hasFocus("textarea Note");
  });

  it("the list is sorted, and its columns resized, reordered and chosen", async () => {
    const { reader, keys } = await read();
    const { page } = reader;
    const heads = () => page.getByRole("columnheader").allTextContents();
    await keys.to("grid", "Captured flows");
    await keys.use("button", "Size");
    await page.locator("[role=columnheader][aria-sort=descending].c-size").waitFor();
    await keys.hasFocus("button Size");
    await keys.press("Tab");
    const edge = page.getByRole("separator", { name: "Width of Size" });
    const width = Number(await edge.getAttribute("aria-valuenow"));
    await keys.press("ArrowRight", "ArrowRight", "ArrowLeft");
    expect(Number(await edge.getAttribute("aria-valuenow"))).toBe(width + 10);
    const before = await heads();
    await keys.command("Columns");
    await keys.use("button", "Time: one place on");
    await keys.hasFocus("button Time: one place on");
    await keys.press("Enter");
    await keys.hasFocus("button Time: one place on");
    await keys.use("button", "Host: one place back", " ");
    await keys.hasFocus("button Host: one place back");
    await keys.to("checkbox", "Status");
    await keys.press(" ");
    await keys.use("button", "Done");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const after = await heads();
    expect(after).not.toContain("Status");
    expect(after[0]).not.toBe(before[0]);
  });

  it("chips are set and cleared, and the focus stays with them", async () => {
    const { reader, keys } = await read();
    await keys.use("button", "Method");
    await keys.use("checkbox", /GET/, " ");
    await filtered(reader, /~m/);
    await keys.press("Escape");
    await keys.hasFocus("button Method: GET");
    await keys.use("button", "Clear Method");
    await filtered(reader, /^$/);
    await keys.hasFocus("button Method");
    await keys.use("button", "Highlight");
    await keys.hasFocus("input Flows to highlight");
    await keys.type("~c 404");
    await reader.page.locator(".row.is-marked").waitFor();
    await keys.press("Enter");
    await keys.use("button", "Clear Highlight");
    await keys.hasFocus("button Highlight");
    await keys.press("/");
    await keys.type("cart");
    await filtered(reader, "cart");
    await keys.use("button", "Clear the filter");
    await keys.hasFocus("combobox Filter flows");
    await keys.press("Escape");
    await keys.hasFocus("grid");
  });

  it("views are saved, renamed, shown and removed", async () => {
    const { reader, keys } = await read("?q=~m+GET");
    await keys.use("button", "Views");
    await keys.to("textbox", "Name of the view");
    await keys.type("gets");
    await keys.press("Enter");
    await keys.use("button", "Rename gets");
    await keys.press("End");
    await keys.type("!");
    await keys.press("Enter");
    await keys.hasFocus("button Rename gets!");
    await keys.press("Escape");
    await keys.hasFocus("button gets!");
    await keys.press("Enter");
    await keys.use("button", "Remove gets!");
    await keys.hasFocus("input Name of the view");
    await keys.press("Escape");
    await keys.hasFocus("button Views");
    expect(filter(reader)).toBe("~m GET");
  });

  it("times are chosen on the timeline, and the parts of the page are resized", async () => {
    const { reader, keys } = await read("?panel=tree&flow=1");
    await settled(reader);
    await keys.to("slider", "Times shown");
    await keys.press("ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowLeft", "Enter");
    await filtered(reader, /~time/);
    await keys.press("+");
    await keys.use("button", "Zoom out");
    await keys.hasFocus("slider Times shown");
    await keys.press("Escape");
    await filtered(reader, /^$/);
    for (const [name, key] of [
      ["Width of the panel", "ArrowRight"],
      ["Width of the flow's pane", "ArrowLeft"],
    ] as const) {
      const bar = reader.page.getByRole("separator", { name });
      const before = Number(await bar.getAttribute("aria-valuenow"));
      await keys.to("separator", name);
      await keys.press(key);
      await expect
        .poll(async () => Number(await bar.getAttribute("aria-valuenow")))
        .toBeGreaterThan(before);
    }
  });

  it("a tree is opened, narrows the list and hides", async () => {
    const { reader, keys } = await read("?panel=tree");
    await reader.page.getByRole("treeitem").first().waitFor();
    const tree = reader.page.getByRole("tree");
    await keys.to("treeitem", /^a\.example/);
    await keys.press("ArrowRight");
    await tree.getByText("cdn.a.example:").waitFor();
    await keys.press("ArrowDown");
    await keys.hasFocus(/^treeitem (api|cdn)\.a\.example/);
    await keys.press("Enter");
    await filtered(reader, /~d/);
    await keys.press("Enter");
    await filtered(reader, /^$/);
    await keys.press("Shift+Enter");
    await filtered(reader, /^!~d/);
    await keys.press("Escape");
    await keys.hasFocus("grid");
  });

  it("a flow's tabs, copies, body, note and end are reached", async () => {
    const { reader, keys } = await read("?flow=1&tab=response");
    const { page } = reader;
    await settled(reader);
    await keys.to("tab", "Response");
    for (const name of ["Timing", "Connection", "Note", "Overview", "Request"]) {
      await keys.press("ArrowRight");
      await page.locator("[role=tab][aria-selected=true]", { hasText: name }).waitFor();
      await keys.hasFocus(`tab ${name}`);
    }
    await keys.press("ArrowRight");
    await settled(reader);
    await keys.use("button", "Hex");
    await page.locator(".code.hex").waitFor();
    await keys.to("button", "Pretty", "Shift+Tab");
    await keys.press("Enter");
    await keys.use("button", "Fold");
    await page.locator(".cm-foldPlaceholder").first().waitFor();
    await keys.press("Enter");
    await page.locator(".cm-foldPlaceholder").first().waitFor({ state: "detached" });
    await keys.use("button", "Search");
    await keys.type("null");
    await page.locator(".cm-searchMatch").first().waitFor();
    await keys.press("Escape");
    await page.locator(".cm-search").waitFor({ state: "detached" });
    await keys.to("button", "Copy\u2026", "Shift+Tab");
    await keys.press("Enter");
    await keys.hasFocus(/^menu/);
    await keys.type("http");
    await keys.hasFocus("menuitem HTTPie");
    await keys.press("Enter");
    await page.getByText("HTTPie copied").waitFor();
    await keys.hasFocus("button Copy\u2026");
    await keys.press("n");
    await keys.hasFocus("textarea Note");
    await keys.type("odd");
    await keys.use("button", "Read");
    await page.locator(".markdown").getByText("odd").waitFor();
    await keys.hasFocus("button Edit");
    await keys.to("button", "Delete\u2026", "Shift+Tab");
    await keys.press("Enter");
    await keys.use("button", "Keep it");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await keys.hasFocus("button Delete\u2026");
    await keys.press("Enter");
    await page.getByRole("dialog").waitFor();
    await keys.use("button", "Delete");
    await reader.row("/cart").waitFor({ state: "detached" });
    await keys.hasFocus("grid");
  });

  it("alerts are made and removed, and settings chosen", async () => {
    const { reader, keys } = await read();
    await keys.use("button", "More");
    await keys.hasFocus(/^menu/);
    await keys.type("alerts");
    await keys.hasFocus("menuitem Alerts");
    await keys.press("Enter");
    await keys.to("textbox", "Filter of a new alert");
    await keys.type("~c 5xx");
    await keys.use("button", "Add");
    await keys.hasFocus("input Filter of a new alert");
    await keys.use("button", "Remove ~c 5xx");
    await keys.hasFocus("input Filter of a new alert");
    await keys.press("Escape");
    await reader.page.getByRole("dialog").waitFor({ state: "detached" });
    await keys.hasFocus("button More");
    await keys.command("Settings");
    await keys.to("radio", "As the system");
    await keys.press("ArrowDown", "ArrowDown");
    await reader.page.locator("html[data-theme=dark]").waitFor();
  });

  it("what was lost and what is exported is told, and new flows are gone to", async () => {
    const { reader, keys } = await read();
    await keys.use("button", /flows lost/);
    await reader.page.getByRole("dialog", { name: "Lost flows" }).waitFor();
    await keys.goesRound();
    await keys.press("Escape");
    await keys.hasFocus(/flows lost/);
    await keys.command("Export flows");
    await reader.page.getByRole("dialog").waitFor();
    await keys.to("link", /HAR/);
    await keys.press("Escape");
    await keys.to("grid", "Captured flows");
    await keys.press("ArrowDown", "Enter");
    await reader.panel.waitFor();
    await scene.exporter.send(http("http://a.example/late"));
    await keys.use("button", /1 new/);
    await keys.hasFocus("grid");
    await reader.sees("/late");
  });

  it("two flows are compared, and the comparison is left again", async () => {
    const { reader, keys } = await read("?flow=1");
    await settled(reader);
    await keys.use("button", "Copy\u2026");
    await keys.hasFocus(/^menu/);
    await keys.press("End");
    await keys.hasFocus("menuitem Compare with another flow");
    await keys.press("Enter");
    await keys.hasFocus("button Copy\u2026");
    await keys.to("grid", "Captured flows", "Shift+Tab");
    await keys.press("k");
    const diff = reader.page.getByRole("region", { name: "Two flows compared" });
    await diff.waitFor();
    await keys.use("button", "Requests");
    await keys.use("button", "Close the comparison");
    await diff.waitFor({ state: "detached" });
    await keys.hasFocus("grid");
  });
});

import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EventType } from "../src/gen/mitmproxy/v1/mitmproxy_pb";
import { launch } from "./harness/browser";
import { body, Exporter, fields, http, loss, tcp } from "./harness/exporter";
import { dialogs, Reader } from "./harness/page";
import { Server } from "./harness/server";

let browser: Browser;
let server: Server;
let exporter: Exporter;

const json = (url: string, value: unknown) =>
  http(url, {
    response: {
      headerFields: fields(["content-type", "application/json"]),
      content: body(JSON.stringify(value)),
    },
  });

beforeAll(async () => {
  browser = await launch();
  server = await Server.start();
  exporter = new Exporter(server.url);
  await exporter.send(
    json("http://api.a.example/cart?page=2&sort=price", { a: [1, { b: null }] }),
    json("http://cdn.a.example/orders", { a: [2] }),
    tcp([
      [true, "one"],
      [false, "two"],
    ]),
    loss("first", 12, Date.now() - 60_000, Date.now()),
  );
});
afterAll(async () => {
  await browser?.close();
  await server?.remove();
});

async function read(options: BrowserContextOptions, search = ""): Promise<Reader> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(`${server.url}/${search}`);
  const reader = new Reader(page);
  await reader.isLive();
  return reader;
}

/* Runs in the page: what its reader cannot have whole, whatever is scrolled. */
function cutOff(): string[] {
  const wrongs: string[] = [];
  const { documentElement: root } = document;
  if (root.scrollWidth > innerWidth || document.body.scrollWidth > innerWidth)
    wrongs.push(`the page is ${root.scrollWidth} wide`);
  if (root.scrollHeight > innerHeight) wrongs.push("the page scrolls down");
  const modal = document.querySelector("dialog:modal");
  const controls = [
    ...(modal ?? document).querySelectorAll<HTMLElement>(
      "a[href], button, input, select, textarea, summary, [role=slider], [role=grid]",
    ),
  ];
  for (const el of controls) {
    const isShown = el.checkVisibility({
      visibilityProperty: true,
      opacityProperty: true,
    });
    if (
      !isShown ||
      el.matches("[data-radix-focus-guard], [aria-hidden=true], [data-more]")
    )
      continue;
    if (el.getBoundingClientRect().width <= 1) continue;
    el.scrollIntoView({ block: "nearest", inline: "nearest" });
    const { left, right, top, bottom, width, height } = el.getBoundingClientRect();
    const name = `${el.tagName.toLowerCase()} ${el.getAttribute("aria-label") || el.textContent?.trim().slice(0, 40)}`;
    if (left < -1 || right > innerWidth + 1)
      wrongs.push(`${name}: ${left} to ${right} of ${innerWidth}`);
    else if (top < -1 || (bottom > innerHeight + 1 && height < innerHeight))
      wrongs.push(`${name}: ${top} to ${bottom} of ${innerHeight}`);
    else {
      const middle = (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2;
      const hit = document.elementFromPoint(left + width / 2, middle);
      const isFree = hit !== null && (el.contains(hit) || hit.contains(el));
      // What lies under an open part of the page has its turn when that is closed.
      const over = hit?.closest(
        ".detail, .diff, .beside > .side, .popover, .menu, .notices",
      );
      if (!isFree && !over)
        wrongs.push(`${name}: under ${hit?.tagName} ${hit?.className}`);
    }
    const { overflowX, textOverflow } = getComputedStyle(el);
    const isText = el.matches("button, a, summary");
    if (
      isText &&
      el.scrollWidth > el.clientWidth + 1 &&
      overflowX === "hidden" &&
      textOverflow !== "ellipsis"
    )
      wrongs.push(`${name}: its text is cut`);
  }
  // A row of figures or a heading that runs out of its part.
  for (const el of document.querySelectorAll("h2, h3, p, dt, dd, legend, label")) {
    if (!el.checkVisibility() || el.closest(".chips, .tabs, [role=grid]")) continue;
    const { left, right, width } = el.getBoundingClientRect();
    if (width > 1 && (left < -1 || right > innerWidth + 1))
      wrongs.push(`${el.tagName} ${el.textContent?.slice(0, 40)}: ${left} to ${right}`);
  }
  return wrongs;
}

const settled = (reader: Reader) =>
  reader.page.waitForFunction(
    () => !document.querySelector("[aria-busy=true], main.loading"),
  );

// Twice as large is half as much room.
const views: [name: string, options: BrowserContextOptions][] = [
  [
    "at 200% of a desk's page",
    { viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 },
  ],
  ["at 390 px", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 }],
  [
    "at 200% of a narrow window",
    { viewport: { width: 390, height: 450 }, deviceScaleFactor: 2 },
  ],
];

describe.each(views)("%s nothing is cut off", (_, options) => {
  it.each([
    ["the list", ""],
    ["a list that is narrowed", "?q=~m+GET+~d+example&h=~c+404"],
    ["an open flow", "?flow=1&tab=response"],
    ["its overview", "?flow=1&tab=overview"],
    ["its note", "?flow=1&tab=note"],
    ["a conversation", "?flow=3&tab=messages"],
    ["two flows compared", "?flow=1&with=2"],
    ["a comparison of which one is missing", "?flow=1&with=99"],
    ["the statistics", "?panel=statistics"],
    ["the tree", "?panel=tree"],
    ["the proxies", "?panel=proxies"],
  ])("in %s", async (__, search) => {
    const reader = await read(options, search);
    await settled(reader);
    expect(await reader.page.evaluate(cutOff)).toEqual([]);
    await reader.page.context().close();
  });

  it("in dialogs, popovers and menus", async () => {
    const reader = await read(options);
    const { page } = reader;
    await reader.sees("/cart");
    for (const title of dialogs) {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: "Find a command" }).fill(title);
      await page
        .locator("[role=option][aria-selected=true]", { hasText: title })
        .waitFor();
      expect(await page.evaluate(cutOff), "the palette").toEqual([]);
      await page.keyboard.press("Enter");
      await page.locator(".palette").waitFor({ state: "detached" });
      await page.getByRole("dialog").waitFor();
      await settled(reader);
      expect(await page.evaluate(cutOff), title).toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    for (const name of ["Views", "Type", "Host", "Time", "Highlight"]) {
      await page.getByRole("button", { name, exact: true }).first().click();
      await page.locator(".popover").waitFor();
      await settled(reader);
      expect(await page.evaluate(cutOff), name).toEqual([]);
      await page.keyboard.press("Escape");
      await page.locator(".popover").waitFor({ state: "detached" });
    }
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem").first().waitFor();
    for (const item of await page.getByRole("menuitem").all()) {
      await item.scrollIntoViewIfNeeded();
      const box = await item.boundingBox();
      const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
      expect(box && box.x >= 0 && box.x + box.width <= width).toBe(true);
      expect(box && box.y >= 0 && box.y + box.height <= height).toBe(true);
    }
    await page.context().close();
  });
});

/* All that moves, in shadow trees as well. */
function motions(): string[] {
  const roots: (Document | ShadowRoot)[] = [document];
  for (const root of roots)
    for (const { shadowRoot } of root.querySelectorAll("*"))
      if (shadowRoot) roots.push(shadowRoot);
  const all = new Set(roots.flatMap((root) => root.getAnimations()));
  return [...all].map(({ effect }) => {
    const target = effect instanceof KeyframeEffect ? effect.target : null;
    return `${target?.className} ${effect?.getTiming().duration}`;
  });
}

/* A flow that is open: its row has a sign that moves. */
const open = (path: string) =>
  http(`http://a.example/${path}`, { response: null, event: EventType.REQUEST });

describe("prefers-reduced-motion", () => {
  it("nothing moves, whatever is done", async () => {
    const reader = await read({
      viewport: { width: 1440, height: 900 },
      reducedMotion: "reduce",
    });
    const { page } = reader;
    const still = async (after: string) =>
      expect(await page.evaluate(motions), after).toEqual([]);
    await reader.sees("/cart");
    await still("loading");
    await exporter.send(open("live"));
    await reader.sees("/live");
    await still("a new flow");
    await page.keyboard.press("Control+k");
    await page.getByRole("option").first().waitFor();
    await still("the palette");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Host", exact: true }).first().click();
    await page.locator(".popover").waitFor();
    await still("a popover");
    await page.keyboard.press("Escape");
    await reader.opens("/cart");
    await settled(reader);
    await still("an open flow");
    await page.getByRole("button", { name: /Copy\u2026/ }).click();
    await page.getByRole("menuitem").first().waitFor();
    await still("a menu");
    await page.keyboard.press("Escape");
    for (const panel of ["statistics", "tree", "proxies"]) {
      await page.goto(`${server.url}/?panel=${panel}`);
      await settled(reader);
      await still(panel);
    }
    await page.context().close();
  });

  it("else a flow that is not over is seen to move", async () => {
    const reader = await read({ reducedMotion: "no-preference" });
    await exporter.send(open("moving"));
    await reader.sees("/moving");
    await expect.poll(() => reader.page.evaluate(motions)).not.toEqual([]);
    await reader.page.context().close();
  });
});

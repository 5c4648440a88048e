import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Locator } from "playwright-core";
import { describe, expect, it } from "vitest";
import { EventType } from "../src/gen/mitmproxy/v1/mitmproxy_pb";
import { http } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();
const many = 1500;

function send(
  count: number,
  more: (n: number) => Parameters<typeof http>[1] = () => ({}),
) {
  const flows = Array.from({ length: count }, (_, n) =>
    http(`http://h${n % 7}.example/n${n}x`, more(n)),
  );
  return scene.exporter.send(...flows);
}

const grid = (reader: Reader) => reader.page.getByRole("grid");

/* Also where the list grows meanwhile: to that part of what it is then. */
async function scrollTo(reader: Reader, part: number): Promise<void> {
  await reader.until((part) => {
    const el = document.querySelector("[role=grid]");
    if (!el) return false;
    const to = Math.round((el.scrollHeight - el.clientHeight) * part);
    const isThere = Math.abs(el.scrollTop - to) < 2;
    if (!isThere) el.scrollTop = to;
    const rows = [...document.querySelectorAll(".row")];
    const last = Number(rows.at(-1)?.getAttribute("aria-rowindex"));
    const isDrawn = part < 1 || last === Number(el.getAttribute("aria-rowcount"));
    return isThere && isDrawn && !document.querySelector(".row.unknown");
  }, part);
}

const line = (reader: Reader, at: number): Locator =>
  reader.page.locator(`[role=row][data-number][aria-rowindex="${at + 2}"]`);

const marked = (reader: Reader): Promise<string[]> =>
  reader.page
    .locator("[role=row].selected")
    .evaluateAll((rows) =>
      rows.map((row) => /n\d+x/.exec(row.textContent ?? "")?.[0] ?? ""),
    );

const head = (reader: Reader, name: string): Locator =>
  reader.page.getByRole("button", { name, exact: true });

describe("List", () => {
  it("virtualised: every flow can be scrolled to, and few are on the page", async () => {
    await send(many);
    const reader = await scene.read();
    await reader.sees(`/n${many - 1}x`);
    await scrollTo(reader, 1);
    await line(reader, many - 1)
      .getByText("/n0x")
      .waitFor();
    await scrollTo(reader, 0.5);
    const rows = await reader.page.locator("[role=row]").count();
    expect(rows).toBeLessThan(100);
    expect(await grid(reader).getAttribute("aria-rowcount")).toBe(String(many + 1));
    await grid(reader).focus();
    await reader.page.keyboard.press("End");
    await line(reader, many - 1).waitFor();
    await reader.page.keyboard.press("Home");
    await reader.sees(`/n${many - 1}x`);
  });

  it("the matches of a filter are counted and scrolled to like all flows", async () => {
    await send(many);
    const reader = await scene.read("?q=~u+h3");
    const matches = Array.from({ length: many }, (_, n) => n).filter((n) => n % 7 === 3);
    await reader.page.getByText(`${matches.length} of 1,500 flows`).waitFor();
    await scrollTo(reader, 1);
    await line(reader, matches.length - 1)
      .getByText("/n3x")
      .waitFor();
    await reader.filters("~b nowhere | ~u n7[0-9]+x");
    await reader.page.getByText("110 of 1,500 flows").waitFor();
  });

  it("a link opens at its flow, however old", async () => {
    await send(many);
    const first = await scene.read();
    await scrollTo(first, 0.8);
    const row = first.row("/n").nth(3);
    const number = await row.getAttribute("data-number");
    const second = await scene.read(`?flow=${number}`);
    await second.page.locator(`[data-number="${number}"].opened`).waitFor();
  });

  it("columns can be sorted, by the server, and the link keeps the order", async () => {
    await send(many, (n) => ({ content: "x".repeat(n === 700 ? 9000 : n % 50) }));
    const reader = await scene.read();
    await reader.sees(`/n${many - 1}x`);
    await head(reader, "Size").click();
    await line(reader, 0).getByText("/n700x").waitFor();
    const sorted = reader.page.locator("[aria-sort]");
    expect(await sorted.getAttribute("aria-sort")).toBe("descending");
    await head(reader, "Size").click();
    await scrollTo(reader, 1);
    await line(reader, many - 1)
      .getByText("/n700x")
      .waitFor();
    expect(await sorted.getAttribute("aria-sort")).toBe("ascending");
    const other = await scene.read(new URL(reader.page.url()).search);
    await other.page.locator("[aria-sort=ascending]").waitFor();
    await scene.exporter.send(
      http("http://a.example/largest", { content: "x".repeat(20_000) }),
    );
    await other.page.locator("[aria-rowcount='1502']").waitFor();
    await scrollTo(other, 1);
    await other.sees("/largest");
  });

  it("sorted, what comes first is seen at once by who is at the top", async () => {
    await send(many, (n) => ({ content: "x".repeat(n % 50) }));
    const reader = await scene.read("?sort=size");
    await line(reader, 0).waitFor();
    await scene.exporter.send(
      http("http://a.example/largest", { content: "x".repeat(20_000) }),
    );
    await line(reader, 0).getByText("/largest").waitFor();
    await reader.page.locator("[role=grid]").evaluate((el) => {
      if (el.scrollTop !== 0) throw new Error(`scrolled to ${el.scrollTop}`);
    });
  });

  it("times of another day, and what a DNS server answers, are whole; the mark of a day covers nothing", async () => {
    const old = Date.UTC(2026, 0, 23, 10, 1, 44, 120);
    const asked = { name: "a.example", type: "A", class: "IN" };
    const at = timestampFromMs(old);
    await scene.exporter.send(
      http(`http://a.example/${"old".repeat(90)}`, { startMs: old }),
      {
        eventType: EventType.DNS_RESPONSE,
        flow: {
          flow: {
            case: "dnsFlow",
            value: {
              id: "dns",
              timestampStart: at,
              request: { query: true, questions: [asked], timestamp: at },
              response: { responseCode: 3, questions: [asked], timestamp: at },
            },
          },
        },
      },
      http("http://a.example/new"),
      http("http://a.example/\u05e9\u05dc\u05d5\u05dd/x"),
    );
    const reader = await scene.read();
    await reader.sees("NXDOMAIN");
    const cut = await reader.page
      .locator("[data-number] :is(.c-time, .c-status)")
      .evaluateAll(
        (cells) => cells.filter((el) => el.scrollWidth > el.clientWidth).length,
      );
    expect(cut).toBe(0);
    const mark = await reader.page.locator(".day-mark").boundingBox();
    if (!mark) throw new Error("no day is marked");
    for (const cell of await reader.row("NXDOMAIN").getByRole("gridcell").all()) {
      const text = (await cell.locator(".path-text").count())
        ? cell.locator(".path-text")
        : cell;
      const box = await text.boundingBox();
      const isFree = !box || box.x + box.width <= mark.x || box.x >= mark.x + mark.width;
      expect(isFree, (await cell.textContent()) ?? "").toBe(true);
    }
    // A path begins at its left, whatever it is written in.
    const bdi = reader.row("\u05e9\u05dc").locator(".path-text bdi").first();
    const [slash, all] = await bdi.evaluate((el) => {
      const range = document.createRange();
      range.setStart(el.firstChild as Node, 0);
      range.setEnd(el.firstChild as Node, 1);
      return [range.getBoundingClientRect().left, el.getBoundingClientRect().left];
    });
    expect(slash).toBe(all);
  });

  it("stays at the reader's row while flows come fast and keys are pressed", async () => {
    await send(200);
    const reader = await scene.read();
    await reader.sees("/n199x");
    await grid(reader).focus();
    await reader.page.keyboard.press("j");
    // In each frame the row that the keys are at is there.
    await reader.page.evaluate(() => {
      const seen = { frames: 0, without: [] as string[] };
      Object.assign(window, { seen });
      const look = () => {
        const grid = document.querySelector("[role=grid]");
        const id = grid?.getAttribute("aria-activedescendant") ?? "none";
        seen.frames++;
        if (!document.getElementById(id)) seen.without.push(id);
        requestAnimationFrame(look);
      };
      look();
    });
    let isOver = false;
    const sending = (async () => {
      for (let batch = 0; batch < 60; batch++) await send(40);
      isOver = true;
    })();
    while (!isOver) await reader.page.keyboard.press("j");
    await sending;
    await reader.page.getByRole("button", { name: "999+ new" }).waitFor();
    const seen = await reader.page.evaluate(
      () => (window as unknown as { seen: { frames: number; without: string[] } }).seen,
    );
    expect(seen.without).toEqual([]);
    expect(seen.frames).toBeGreaterThan(20);
  });

  it("stays still under the reader's eye while flows arrive above", async () => {
    await send(many);
    const reader = await scene.read();
    await reader.sees(`/n${many - 1}x`);
    for (const part of [0.05, 0.6]) {
      await scrollTo(reader, part);
      const row = reader.page.locator("[role=row][data-number]").nth(5);
      const number = await row.getAttribute("data-number");
      const same = reader.page.locator(`[data-number="${number}"]`);
      const before = await same.boundingBox();
      const count = await grid(reader).getAttribute("aria-rowcount");
      await scene.exporter.send(
        ...Array.from({ length: 20 }, (_, n) => http(`http://new.example/${part}/${n}`)),
      );
      await reader.until(
        (count) => document.querySelector("[role=grid]")?.ariaRowCount !== count,
        count,
      );
      expect(await same.boundingBox()).toEqual(before);
    }
    await reader.page.getByRole("button", { name: /new$/ }).click();
    await reader.sees("new.example");
  });

  it("columns can be chosen, resized and reordered, and stay so", async () => {
    await send(3);
    const reader = await scene.read();
    await reader.sees("/n2x");
    const width = () =>
      reader.page
        .getByRole("columnheader", { name: "Host" })
        .evaluate((el) => el.getBoundingClientRect().width);
    const before = await width();
    const edge = reader.page.getByRole("separator", { name: "Width of Host" });
    await edge.focus();
    await reader.page.keyboard.press("ArrowRight");
    expect(await width()).toBe(before + 10);
    const box = await edge.boundingBox();
    if (!box) throw new Error("there is no edge");
    await reader.page.mouse.move(box.x + 3, box.y + 5);
    await reader.page.mouse.down();
    await reader.page.mouse.move(box.x + 43, box.y + 5);
    await reader.page.mouse.up();
    expect(await width()).toBe(before + 50);
    await reader.command("Columns");
    const dialog = reader.page.getByRole("dialog");
    await dialog.getByRole("checkbox", { name: "Content type" }).check();
    await dialog.getByRole("checkbox", { name: "Duration" }).uncheck();
    await dialog.getByRole("button", { name: "Status: one place back" }).click();
    await dialog.getByRole("button", { name: "Done" }).click();
    const again = await scene.read();
    const names = await again.page.getByRole("columnheader").allTextContents();
    expect(names.join(" ")).toMatch(/Host Status Path Content type/);
    expect(names).not.toContain("Duration");
  });

  it("pauses, counts what comes meanwhile, and goes on", async () => {
    await send(5);
    const reader = await scene.read();
    await reader.sees("/n4x");
    await reader.page.getByRole("button", { name: "Pause" }).click();
    await scene.exporter.send(http("http://a.example/meanwhile"));
    await reader.page.getByRole("button", { name: "1 new" }).first().waitFor();
    expect(await reader.row("/meanwhile").count()).toBe(0);
    await reader.page.getByRole("button", { name: /^Paused/ }).click();
    await reader.sees("/meanwhile");
  });

  it("a flow that has just come is tinted for a moment", async () => {
    await send(3);
    const reader = await scene.read();
    await reader.sees("/n2x");
    const { clock } = reader.page;
    const tinted = reader.page.locator('.row[data-tint="on"]');
    const startMs = Date.now() + 3_600_000;
    await clock.setFixedTime(startMs);
    await scene.exporter.send(http("http://new.example/come", { startMs }));
    await tinted.getByText("/come").waitFor();
    await clock.setFixedTime(startMs + 5000);
    await tinted.waitFor({ state: "detached" });
  });

  it("jumps to a time, and tells where a day begins", async () => {
    // So long ago that it is another day at midnight, too.
    const before = Date.now() - 2 * 86_400_000;
    await send(many, (n) => ({
      startMs: n < 800 ? before + n * 1000 : Date.now() - (many - n) * 1000,
    }));
    const reader = await scene.read();
    await reader.sees(`/n${many - 1}x`);
    await reader.command("Go to a time");
    const time = new Date(before + 300_500);
    const pad = (n: number) => String(n).padStart(2, "0");
    const text =
      `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())} ` +
      `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
    await reader.page.getByRole("textbox", { name: "Time" }).fill(text);
    await reader.page.keyboard.press("Enter");
    await reader.page.locator("[role=row].current").waitFor();
    expect(await reader.page.locator("[role=row].current").textContent()).toMatch(
      /n(299|300)x/,
    );
    await reader.page.evaluate(() => {
      const el = document.querySelector("[role=grid]");
      if (el) el.scrollTop = (1500 - 800 - 5) * 26;
    });
    await reader.page.locator(".row.begins-day", { hasText: "/n799x" }).waitFor();
  });
});

describe("Keys", () => {
  it("Shift extends, Ctrl toggles, Ctrl+A all", async () => {
    await send(30);
    const reader = await scene.read();
    await reader.sees("/n29x");
    await grid(reader).focus();
    const { keyboard } = reader.page;
    await keyboard.press("j");
    for (let i = 0; i < 2; i++) await keyboard.press("Shift+ArrowDown");
    expect(await marked(reader)).toEqual(["n29x", "n28x", "n27x"]);
    await reader.page.getByText("3 selected").waitFor();
    await reader.row("/n20x").click({ modifiers: ["Control"] });
    await reader.row("/n28x").click({ modifiers: ["Control"] });
    expect(await marked(reader)).toEqual(["n29x", "n27x", "n20x"]);
    await reader.row("/n18x").click({ modifiers: ["Shift"] });
    expect(await reader.page.evaluate(() => String(getSelection()))).toBe("");
    await reader.page.getByRole("button", { name: "Select nothing" }).click();
    expect(await marked(reader)).toEqual([]);
    await grid(reader).focus();
    await keyboard.press("Control+a");
    await reader.page.getByText("All selected").waitFor();
    await reader.row("/n20x").click({ modifiers: ["Control"] });
    await reader.page.getByText("All but 1 selected").waitFor();
    const filter = reader.page.getByLabel("Filter flows");
    await filter.focus();
    await keyboard.type("abc");
    await keyboard.press("Control+a");
    await keyboard.press("Delete");
    expect(await filter.inputValue()).toBe("");
  });

  it("says how many flows of a range are not selected", async () => {
    await send(many);
    const reader = await scene.read();
    await reader.sees(`/n${many - 1}x`);
    await line(reader, 0).click({ modifiers: ["Control"] });
    // What tells of it takes a part of the list's height.
    await reader.page.getByText("1 selected").waitFor();
    await scrollTo(reader, 1);
    await line(reader, many - 1).click({ modifiers: ["Shift"] });
    const said = reader.page.getByText(/^Not selected: [\d,]+ flows in between/);
    const missing = Number((await said.textContent())?.replace(/[^0-9]/g, ""));
    await reader.page
      .getByText(`${(many - missing).toLocaleString("en")} selected`)
      .waitFor();
    expect(missing).toBeGreaterThan(0);
  });

  it("two selected flows are compared", async () => {
    await send(4);
    const reader = await scene.read();
    await reader.row("/n3x").click({ modifiers: ["Control"] });
    await reader.row("/n1x").click({ modifiers: ["Control"] });
    await reader.page.getByRole("button", { name: "Compare" }).click();
    expect(reader.page.url()).toMatch(/flow=\d+.*&with=\d+/);
  });
});

describe("The row's menu", () => {
  it("only this host, and hide this host", async () => {
    await send(14);
    const reader = await scene.read();
    await reader.row("/n13x").click({ button: "right" });
    await reader.page.getByRole("menuitem", { name: /^Only this host/ }).click();
    await reader.row("/n12x").waitFor({ state: "detached" });
    await reader.sees("/n6x");
    expect(new URL(reader.page.url()).searchParams.get("q")).toContain("~d");
    await reader.filters("");
    await reader.sees("/n12x");
    await grid(reader).focus();
    await reader.page.keyboard.press("j");
    await reader.page.keyboard.press("Shift+F10");
    await reader.page.getByRole("menuitem", { name: /^Hide this host/ }).waitFor();
    await reader.page.keyboard.press("ArrowDown");
    await reader.page.getByRole("menuitem", { name: /^Hide this host/ }).press("Enter");
    await reader.row("/n12x").waitFor({ state: "detached" });
    await reader.sees("/n13x");
  });

  it("writes a note", async () => {
    await scene.exporter.send(http("http://a.example/one"), http("http://a.example/two"));
    const reader = await scene.read();
    await reader.row("/one").click({ button: "right" });
    await reader.page.getByRole("menuitem", { name: /^Write a note/ }).click();
    const note = reader.page.getByRole("textbox", { name: "Note" });
    await note.waitFor();
    await reader.until(
      (name) => document.activeElement?.getAttribute("aria-label") === name,
      "Note",
    );
    await reader.page.keyboard.type("odd");
    await reader.page.getByRole("button", { name: "Save" }).click();
    await reader.row("/one").locator(".c-path svg").waitFor();
  });
});

describe("On a phone", () => {
  it("rows tell when flows began, of another day by its date", async () => {
    const now = new Date();
    const earlier = new Date(now.getTime() - 3 * 86_400_000);
    await scene.exporter.send(
      http("http://a.example/earlier", { startMs: earlier.getTime() }),
      http("http://a.example/today", { startMs: now.getTime() }),
    );
    const reader = await scene.read();
    await reader.page.setViewportSize({ width: 390, height: 844 });
    const pad = (n: number) => String(n).padStart(2, "0");
    const minute = (time: Date) => `${pad(time.getHours())}:${pad(time.getMinutes())}`;
    const date = `${pad(earlier.getMonth() + 1)}-${pad(earlier.getDate())}`;
    for (const [path, text] of [
      ["/today", `${minute(now)}:${pad(now.getSeconds())}`],
      ["/earlier", `${date} ${minute(earlier)}`],
    ] as const) {
      const row = reader.row(path);
      const time = row.getByRole("gridcell", { name: text, exact: true });
      const [of, beside] = [await time.boundingBox(), await row.boundingBox()];
      const way = await row.locator(".path-text").boundingBox();
      if (!of || !beside || !way) throw new Error("the row is not drawn");
      expect(of.y + of.height).toBeLessThanOrEqual(beside.y + beside.height);
      expect(way.x + way.width).toBeLessThanOrEqual(of.x);
      // The path has the most of the line.
      expect(way.width).toBeGreaterThan(beside.width / 2 - 8);
    }
  });

  it("the row's menu opens by a button, and the list scrolls", async () => {
    await send(many);
    const reader = await scene.read();
    await reader.page.setViewportSize({ width: 390, height: 844 });
    await reader
      .row(`/n${many - 3}x`)
      .getByRole("button", { name: "Menu of the flow" })
      .click();
    await reader.page.getByRole("menuitem", { name: /^Hide this host/ }).click();
    await reader.row(`/n${many - 3}x`).waitFor({ state: "detached" });
    await reader.filters("");
    await reader.sees(`/n${many - 3}x`);
    await scrollTo(reader, 1);
    await line(reader, many - 1)
      .getByText("/n0x")
      .waitFor();
  });
});

describe("Empty states", () => {
  it("nothing captured yet: what to paste for each mode of the proxy", async () => {
    const reader = await scene.read();
    await reader.page.getByText("Nothing captured yet").waitFor();
    for (const [mode, line] of [
      ["Regular", "curl -x http://127.0.0.1:8080"],
      ["WireGuard", "--mode wireguard:"],
      ["Transparent", "--mode transparent"],
      ["Reverse", "--mode reverse:"],
      ["SOCKS", "--mode socks5"],
      ["Local", "--mode local"],
    ] as const) {
      await reader.page.getByRole("radio", { name: mode }).check();
      await reader.page.locator("pre", { hasText: line }).waitFor();
    }
  });

  it("no match: the filter can be cleared", async () => {
    await send(2);
    const reader = await scene.read("?q=nowhere");
    await reader.page.getByText("No flow matches").waitFor();
    await reader.page.getByRole("button", { name: "Show all flows" }).click();
    await reader.sees("/n1x");
  });
});

import type { Locator } from "playwright-core";
import { describe, expect, it } from "vitest";
import { http } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";
import { anHour } from "./harness/traffic";

const scene = new Scene();

/* An hour of flows, and a reader of them whose timeline is drawn. */
async function anHourRead(search = ""): Promise<[Reader, Locator]> {
  await scene.exporter.send(...anHour(Date.now()));
  const reader = await scene.read(search);
  return [reader, await drawn(reader)];
}

async function drawn(reader: Reader): Promise<Locator> {
  const plot = reader.page.getByRole("slider", { name: "Times shown" });
  await plot.waitFor();
  await reader.page.getByText(/^\d+ flows.* Most of them/).waitFor({ state: "attached" });
  return plot;
}

const filterOf = (reader: Reader) =>
  new URL(reader.page.url()).searchParams.get("q") ?? "";

const timeClause = /^~time (\S+Z)\.\.(\S+Z)$/;

describe("Timeline: a histogram over the list, drag to choose a time range", () => {
  it("says in words what it shows, with dates on the axis", async () => {
    const [reader] = await anHourRead();
    const words = await reader.page.getByText(/Most of them/).textContent();
    expect(words).toMatch(/^240 flows, \d+ of them with errors, from \d{4}-\d\d-\d\d /);
    expect(await reader.page.locator(".timeline canvas").count()).toBe(1);
    expect(
      await reader.page.locator(".timeline style, .timeline [onclick]").count(),
    ).toBe(0);
  });

  it("a drag asks for flows of these times, and keeps the rest of the filter", async () => {
    const [reader, plot] = await anHourRead("?q=~m+GET");
    const box = await plot.boundingBox();
    if (!box) throw new Error("the timeline is not there");
    const y = box.y + 20;
    await reader.page.mouse.move(box.x + box.width * 0.25, y);
    await reader.page.mouse.down();
    await reader.page.mouse.move(box.x + box.width * 0.5, y, { steps: 5 });
    await reader.page.mouse.up();
    await reader.page.waitForURL(/time/);
    const [get, ...time] = filterOf(reader).split(" ~time ");
    expect(get).toBe("~m GET");
    const [from = "", to = ""] = time[0]?.split("..") ?? [];
    const minutes = (Date.parse(to) - Date.parse(from)) / 60_000;
    expect(minutes).toBeGreaterThan(10);
    expect(minutes).toBeLessThan(25);
    await reader.page.getByText(/^\d+ of 240 flows/).waitFor();
    // What is around the range stays in sight.
    expect(await reader.page.getByText(/Most of them/).textContent()).toMatch(
      /^192 flows/,
    );
  });

  it("keys choose a range as well, Enter applies it and Esc clears it", async () => {
    const [reader, plot] = await anHourRead();
    await plot.focus();
    expect(await plot.getAttribute("aria-valuetext")).toBe("all times");
    for (const key of ["Home", "PageDown", "Shift+PageDown", "Shift+ArrowRight"])
      await plot.press(key);
    const said = await plot.getAttribute("aria-valuetext");
    expect(said).toMatch(/^\d\d:\d\d(:\d\d)?\u2013\d\d:\d\d(:\d\d)?: \d+ flows/);
    await plot.press("Enter");
    await reader.page.waitForURL(/time/);
    expect(filterOf(reader)).toMatch(timeClause);
    await plot.press("Escape");
    await reader.page.waitForURL((url) => url.search === "");
  });

  it("shows the range of a link, zooms into it and out again", async () => {
    const end = Date.now();
    const iso = (minutes: number) =>
      new Date(Math.floor((end - minutes * 60_000) / 1000) * 1000)
        .toISOString()
        .replace(".000", "");
    const [reader, plot] = await anHourRead(
      `?q=${encodeURIComponent(`~time ${iso(30)}..${iso(20)}`)}`,
    );
    expect(await plot.getAttribute("aria-valuetext")).toMatch(/: \d+ flows/);
    await plot.press("+");
    await reader.page
      .getByText(/^4\d flows.*Most of them/)
      .waitFor({ state: "attached" });
    await reader.page.getByRole("button", { name: "Zoom out" }).click();
    await reader.page.getByText(/^240 flows/).waitFor({ state: "attached" });
  });

  it("a click goes to a flow of that time", async () => {
    const [reader, plot] = await anHourRead();
    const box = await plot.boundingBox();
    if (!box) throw new Error("the timeline is not there");
    await reader.page.mouse.click(box.x + box.width * 0.5, box.y + 20);
    await reader.until(
      () =>
        document.querySelector("[role=grid]")?.getAttribute("aria-activedescendant") !==
        null,
      null,
    );
    expect(filterOf(reader)).toBe("");
  });

  it("counts flows as they come, without being asked", async () => {
    const [reader] = await anHourRead();
    await scene.exporter.send(
      http("http://a.example/new"),
      http("http://a.example/newer"),
    );
    await reader.page.getByText(/^242 flows/).waitFor({ state: "attached" });
  });

  it("is put away and brought back by a key, and stays so", async () => {
    const [reader, plot] = await anHourRead();
    const list = reader.page.getByRole("grid");
    const top = async () => (await list.boundingBox())?.y ?? 0;
    const before = await top();
    await reader.page.keyboard.press("t");
    await plot.waitFor({ state: "detached" });
    expect(await top()).toBeLessThan(before);
    await reader.page.reload();
    await reader.isLive();
    expect(await plot.count()).toBe(0);
    await reader.page.keyboard.press("t");
    await drawn(reader);
    expect(await top()).toBe(before);
  });

  it("is not on a phone unless asked for", async () => {
    const reader = await scene.read();
    await reader.page.locator(".timeline").waitFor();
    await reader.page.setViewportSize({ width: 390, height: 844 });
    await reader.page.locator(".timeline").waitFor({ state: "detached" });
    await reader.page.keyboard.press("t");
    await reader.page.locator(".timeline").waitFor();
  });
});

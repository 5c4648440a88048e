import { readFile } from "node:fs/promises";
import type { Download } from "playwright-core";
import { describe, expect, it } from "vitest";
import { http } from "./harness/exporter";
import { Keys } from "./harness/keys";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();

const kept = 420;

/* The list of all of them, at the newest. */
async function read(width = 1440): Promise<Reader> {
  const flows = Array.from({ length: kept }, (_, i) => http(`http://a.example/n${i}x`));
  await scene.exporter.send(...flows);
  const reader = await scene.read();
  if (width !== 1440) {
    await reader.page.setViewportSize({ width, height: 700 });
    await reader.page.reload();
    await reader.isLive();
  }
  await reader.sees(`/n${kept - 1}x`);
  await reader.page.getByRole("grid").focus();
  await reader.page.keyboard.press("ArrowDown");
  return reader;
}

const bar = (reader: Reader) =>
  reader.page.getByRole("region", { name: "Selected flows" });

/* The menu of formats, opened and gone through by keys. */
async function savesAs(reader: Reader, format: string): Promise<void> {
  const keys = new Keys(reader.page);
  await keys.use("button", "Save as\u2026");
  await reader.page.getByRole("menuitem", { name: format }).waitFor();
  await keys.hasFocus(/^menuitem/);
  await keys.type(format.slice(0, 3));
  await keys.hasFocus(`menuitem ${format}`);
  await keys.press("Enter");
}

async function saved(reader: Reader): Promise<string[]> {
  const coming = reader.page.waitForEvent("download");
  await savesAs(reader, "HAR");
  const file: Download = await coming;
  expect(file.suggestedFilename()).toMatch(/\.har$/);
  const har = JSON.parse(await readFile(await file.path(), "utf8"));
  return har.log.entries.map((entry: { request: { url: string } }) => entry.request.url);
}

describe("what is selected is saved", () => {
  it("where it is all that the filter takes", async () => {
    const reader = await read();
    await reader.page.keyboard.press("Control+a");
    await bar(reader).getByText("All selected").waitFor();
    expect(await saved(reader)).toHaveLength(kept);
  });

  it("where it is more flows than an address can name", async () => {
    const reader = await read();
    // All but the newest.
    await reader.page.keyboard.press("ArrowDown");
    // A range takes the rows that are here: they come page by page.
    await expect
      .poll(
        async () => {
          await reader.page.keyboard.press("Shift+PageDown");
          return bar(reader).textContent();
        },
        { timeout: 20_000 },
      )
      .toContain(`${kept - 1} selected`);
    await scene.context.route(/Service.Export$/, () => {});
    const keys = new Keys(reader.page);
    await savesAs(reader, "HAR");
    await keys.hasFocus("button Cancel (0 B)");
    await keys.press("Enter");
    await keys.hasFocus("button Save as\u2026");
    await scene.context.unrouteAll();
    const urls = await saved(reader);
    expect(urls).toHaveLength(kept - 1);
    expect(urls).not.toContain(`http://a.example/n${kept - 1}x`);
    await keys.hasFocus("button Save as\u2026");
  });

  it("and the page says what to do where it is all but some", async () => {
    const reader = await read();
    await reader.page.keyboard.press("Control+a");
    await reader.page.keyboard.press("Control+ ");
    await bar(reader).getByText("All but 1 selected").waitFor();
    await bar(reader).getByText("filter for them").waitFor();
    expect(await bar(reader).getByText("Save as").count()).toBe(0);
  });
});

/* Names of the bar's buttons, all of which stand on its one line. */
async function buttonsOf(reader: Reader): Promise<(string | null)[]> {
  const line = await bar(reader).boundingBox();
  if (!line) throw new Error("nothing is selected");
  expect(line.height).toBeLessThan(40);
  const names: (string | null)[] = [];
  for (const button of await bar(reader).getByRole("button").all()) {
    const box = await button.boundingBox();
    expect(box?.x).toBeGreaterThan(line.x);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThan(line.x + line.width);
    expect(box?.y).toBeGreaterThan(line.y);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThan(line.y + line.height);
    names.push((await button.getAttribute("aria-label")) ?? (await button.textContent()));
  }
  return names;
}

describe("the bar of what is selected is one line, and its buttons are reached by key", () => {
  // But on the last, beside an open flow.
  it.each([1440, 1024, 800, 390])("on a page of %i px", async (width) => {
    const reader = await read(width);
    const { page } = reader;
    const keys = new Keys(page);
    if (width > 700) {
      await keys.press("Enter");
      await reader.panel.waitFor();
    }
    for (const [key, words, buttons] of [
      ["Control+ ", "1 selected", ["Save as\u2026", "Select nothing"]],
      ["Shift+ArrowDown", "2 selected", ["Compare", "Save as\u2026", "Select nothing"]],
      ["Control+a", "All selected", ["Save as\u2026", "Select nothing"]],
      ["Control+ ", "All but 1 selected", ["Select nothing"]],
    ] as const) {
      await page.getByRole("grid").focus();
      await keys.press(key);
      await bar(reader).getByText(words, { exact: true }).waitFor();
      expect(await buttonsOf(reader)).toEqual(buttons);
      for (const name of buttons) await keys.to("button", name);
    }
  });
});

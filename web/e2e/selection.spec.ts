import { readFile } from "node:fs/promises";
import type { Download } from "playwright-core";
import { describe, expect, it } from "vitest";
import { http } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();

const kept = 420;

/* The list of all of them, at the newest. */
async function read(): Promise<Reader> {
  const flows = Array.from({ length: kept }, (_, i) => http(`http://a.example/n${i}x`));
  await scene.exporter.send(...flows);
  const reader = await scene.read();
  await reader.sees(`/n${kept - 1}x`);
  await reader.page.getByRole("grid").focus();
  await reader.page.keyboard.press("ArrowDown");
  return reader;
}

const bar = (reader: Reader) =>
  reader.page.getByRole("region", { name: "Selected flows" });

async function saved(reader: Reader, role: "button" | "link"): Promise<string[]> {
  const coming = reader.page.waitForEvent("download");
  await bar(reader).getByRole(role, { name: "Save as HAR" }).click();
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
    expect(await saved(reader, "link")).toHaveLength(kept);
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
    const button = bar(reader).getByRole("button", { name: "Save as HAR" });
    await button.click();
    await bar(reader).getByRole("button", { name: "Cancel (0 B)" }).click();
    await button.waitFor();
    await scene.context.unrouteAll();
    const urls = await saved(reader, "button");
    expect(urls).toHaveLength(kept - 1);
    expect(urls).not.toContain(`http://a.example/n${kept - 1}x`);
    await bar(reader).getByRole("button", { name: "Save as HAR" }).waitFor();
  });

  it("and the page says what to do where it is all but some", async () => {
    const reader = await read();
    await reader.page.keyboard.press("Control+a");
    await reader.page.keyboard.press("Control+ ");
    await bar(reader).getByText("All but 1 selected").waitFor();
    await bar(reader).getByText("cannot be saved at once").waitFor();
    expect(await bar(reader).getByText("Save as").count()).toBe(0);
  });
});

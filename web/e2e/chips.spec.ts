import { describe, expect, it } from "vitest";
import { http, tcp } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();

async function traffic(): Promise<void> {
  await scene.exporter.send(
    http("http://api.example/cart", { method: "POST", response: { statusCode: 404 } }),
    http("http://api.example/orders"),
    http("http://cdn.example/logo", { response: { statusCode: 304 } }),
    tcp([[true, "EHLO a"]]),
  );
}

const chip = (reader: Reader, name: string) =>
  reader.page
    .getByRole("group", { name: "Narrow the list" })
    .getByRole("button", { name, exact: true });
const choice = (reader: Reader, name: RegExp) =>
  reader.page.getByRole("dialog").getByRole("checkbox", { name });
const shows = (reader: Reader, ...paths: string[]) =>
  reader.until((wanted) => {
    const rows = [...document.querySelectorAll("[role=row][data-number]")];
    return (
      rows.length === wanted.length &&
      wanted.every((path) => rows.some((row) => row.textContent?.includes(path)))
    );
  }, paths);

describe("chips", () => {
  it("narrow the list by type, method, status, host, device and source", async () => {
    await traffic();
    const reader = await scene.read();
    await chip(reader, "Host").click();
    await choice(reader, /api\.example 2/).check();
    await shows(reader, "/cart", "/orders");
    expect(await reader.box.inputValue()).toBe("~d ^api\\.example$");
    await reader.page.keyboard.press("Escape");
    expect(
      await chip(reader, "Host: api.example").evaluate(
        (button) => button === document.activeElement,
      ),
    ).toBe(true);
    await chip(reader, "Method").click();
    // Only what flows of that host have.
    await choice(reader, /POST 1/).check();
    await shows(reader, "/cart");
    await chip(reader, "Clear Method").click();
    await chip(reader, "Clear Host").click();
    await shows(reader, "/cart", "/orders", "/logo", "192.0.2.25");
    await chip(reader, "Type").click();
    await choice(reader, /tcp/).check();
    await shows(reader, "192.0.2.25");
    await chip(reader, "Clear Type").click();
    await chip(reader, "Status").click();
    await choice(reader, /4xx 1/).check();
    await shows(reader, "/cart");
    await choice(reader, /304/).check();
    await shows(reader, "/cart", "/logo");
    await chip(reader, "Clear Status").click();
    await chip(reader, "Device").click();
    await choice(reader, /127\.0\.0\.1 3/).waitFor();
    await chip(reader, "Source").click();
    await reader.page.getByRole("dialog", { name: "Filter by source" }).waitFor();
  });

  it("hide what is chosen, and show what was typed", async () => {
    await traffic();
    const reader = await scene.read("?q=~d cdn | needle");
    await reader.filters("~d cdn");
    await reader.box.press("Enter");
    await shows(reader, "/logo");
    await chip(reader, "Host: cdn").click();
    await reader.page.getByRole("radio", { name: "Hide these" }).check();
    await shows(reader, "/cart", "/orders", "192.0.2.25");
    expect(await reader.box.inputValue()).toBe("!~d cdn");
    await chip(reader, "Host: not cdn").waitFor();
  });

  it("narrow the list to a time range", async () => {
    const day = 24 * 3_600_000;
    await scene.exporter.send(
      http("http://a.example/old", { startMs: Date.now() - 2 * day }),
      http("http://a.example/new"),
    );
    const reader = await scene.read();
    await shows(reader, "/old", "/new");
    await chip(reader, "Time").click();
    await reader.page.getByRole("button", { name: "Last hour" }).click();
    await shows(reader, "/new");
    expect(await reader.box.inputValue()).toBe("~time 1h");
    // A browser leaves out seconds that are none, and then has another value.
    const field = (ms: number) => `${new Date(ms).toISOString().slice(0, 17)}07`;
    const zone = new Date().getTimezoneOffset() * 60_000;
    await reader.page.getByLabel("From").fill(field(Date.now() - 3 * day - zone));
    await reader.page
      .getByLabel("To", { exact: true })
      .fill(field(Date.now() - day - zone));
    await reader.page.getByRole("button", { name: "Show this span" }).click();
    await shows(reader, "/old");
  });

  it("are reached by keys, and close where the reader goes on", async () => {
    await traffic();
    const reader = await scene.read();
    await chip(reader, "Method").focus();
    await reader.page.keyboard.press("Enter");
    await choice(reader, /GET/).waitFor();
    await reader.page.keyboard.press("Tab");
    await reader.page.keyboard.press("Space");
    await reader.page
      .getByRole("group", { name: "Narrow the list" })
      .getByLabel("Clear Method")
      .waitFor();
    await reader.box.click();
    await reader.page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await reader.box.evaluate((box) => box === document.activeElement)).toBe(true);
  });
});

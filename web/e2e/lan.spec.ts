import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { chromiumPath, Guard, launch } from "./harness/browser";
import { Exporter, http } from "./harness/exporter";
import { Lan } from "./harness/lan";
import { Reader } from "./harness/page";

/* Plain HTTP on such an address is no secure context: a browser withholds some
 * of what it gives to pages on loopback. */
describe("over plain HTTP on a LAN address", () => {
  const lan = new Lan();
  let browser: Browser;
  let exporter: Exporter;
  let guard: Guard;
  let page: Page;
  let reader: Reader;

  beforeAll(async () => {
    await lan.start();
    exporter = new Exporter("http://localhost", lan.connect);
    browser = await launch(lan.wrapped(chromiumPath));
  });
  afterAll(async () => {
    await browser?.close();
    await lan.remove();
  });
  beforeEach(async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    guard = new Guard(lan.url);
    await guard.watch(context);
    page = await context.newPage();
    await page.goto(lan.url);
    reader = new Reader(page);
    await reader.isLive();
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
  });
  afterEach(async () => {
    await page.context().close();
    expect(guard.wrongs).toEqual([]);
  });

  it("shows flows live, in all tabs", async () => {
    const second = await page.context().newPage();
    await second.goto(lan.url);
    await exporter.send(http("http://a.example/live"));
    await reader.sees("/live");
    await new Reader(second).sees("/live");
  });

  it("filters and opens flows", async () => {
    await exporter.send(http("http://a.example/kept"), http("http://b.example/left"));
    await reader.filters("kept");
    await reader.opens("/kept");
    await reader.tab("Overview");
    await reader.panel.getByText("/kept").first().waitFor();
  });

  it("copies", async () => {
    await exporter.send(http("http://a.example/to-copy"));
    await reader.opens("/to-copy");
    await page.getByRole("button", { name: "Copy…" }).click();
    await page.getByRole("menuitem", { name: "URL", exact: true }).click();
    await page.getByText("URL copied").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.press("Control+V");
    await reader.until(
      (text) => (document.activeElement as HTMLInputElement).value === text,
      "http://a.example/to-copy",
    );
  });
});

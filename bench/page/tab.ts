import type { Browser, CDPSession, Page } from "../../web/node_modules/playwright-core";
import { install, type Look } from "./probe";

export const ours: Look = {
  rows: "[role=row][data-number]",
  watched: "main",
  cursor: "aria-activedescendant",
};

/* A tab of a profile of its own, with the probe in it. */
export class Tab {
  /* Bytes that came over the wire, headers included, by address. */
  readonly wire = new Map<string, number>();

  private constructor(
    readonly page: Page,
    readonly cdp: CDPSession,
  ) {}

  static async open(browser: Browser, url: string, look: Look = ours): Promise<Tab> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    await context.addInitScript(install, look);
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    const tab = new Tab(page, cdp);
    const names = new Map<string, string>();
    await cdp.send("Network.enable");
    cdp.on("Network.responseReceived", ({ requestId, response }) => {
      names.set(requestId, response.url);
    });
    cdp.on("Network.dataReceived", ({ requestId, encodedDataLength }) => {
      tab.count(names.get(requestId) ?? "", encodedDataLength);
    });
    // Chromium is busy with its own window first.
    await page.waitForTimeout(1000);
    await page.goto(url);
    return tab;
  }

  private count(url: string, bytes: number): void {
    this.wire.set(url, (this.wire.get(url) ?? 0) + bytes);
  }

  async firstRow(): Promise<number> {
    await this.page.waitForFunction(() => window.probe.firstRow > 0);
    return this.page.evaluate(() => window.probe.firstRow);
  }

  /* Tasks of over 50 ms since the last call. */
  async longTasks(): Promise<number[]> {
    return this.page.evaluate(() => window.probe.long.splice(0));
  }

  async now(): Promise<number> {
    return this.page.evaluate(() => performance.now());
  }

  /*
   * Resolves once something watched has changed after `since` and nothing more
   * for `restMs`; when it last did.
   */
  async stable(restMs: number, since = 0): Promise<number> {
    await this.page.waitForFunction(
      ([rest, after]) => {
        const { lastChange } = window.probe;
        return lastChange > after && performance.now() - lastChange > rest;
      },
      [restMs, since] as const,
    );
    return this.page.evaluate(() => window.probe.lastChange);
  }

  /* Bytes of the page's heap after a collection. */
  async heap(): Promise<number> {
    await this.cdp.send("HeapProfiler.enable");
    await this.cdp.send("HeapProfiler.collectGarbage");
    const { usedSize } = await this.cdp.send("Runtime.getHeapUsage");
    return usedSize;
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

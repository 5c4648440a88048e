import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { Guard, launch } from "./browser";
import { Exporter } from "./exporter";
import { Reader } from "./page";
import { Server } from "./server";

/*
 * What every test of a file begins with: a server without flows, an exporter
 * and a browser profile of its own. After each, nothing wrong was done.
 */
export class Scene {
  server!: Server;
  exporter!: Exporter;
  context!: BrowserContext;
  guard!: Guard;
  private browser!: Browser;

  constructor(
    options: BrowserContextOptions = { viewport: { width: 1440, height: 900 } },
  ) {
    beforeAll(async () => {
      this.browser = await launch();
    });
    afterAll(() => this.browser?.close());
    beforeEach(async () => {
      this.server = await Server.start();
      this.exporter = new Exporter(this.server.url);
      this.context = await this.browser.newContext(options);
      this.guard = new Guard(this.server.url);
      await this.guard.watch(this.context);
    });
    afterEach(async () => {
      await this.context.close();
      await this.server.remove();
      expect(this.guard.wrongs).toEqual([]);
    });
  }

  /* A new tab of the same browser, with the page in it and live. */
  async read(search = ""): Promise<Reader> {
    const page = await this.context.newPage();
    await page.goto(`${this.server.url}/${search}`);
    const reader = new Reader(page);
    await reader.isLive();
    return reader;
  }
}

import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { Exporter } from "./exporter";
import { Server } from "./server";

const firefoxPath = process.env.FIREFOX ?? "/usr/bin/firefox-esr";

/*
 * As Scene, in a stock Firefox, which speaks WebDriver BiDi and not what
 * Playwright speaks to a Firefox of its own.
 */
export class FirefoxScene {
  server!: Server;
  exporter!: Exporter;
  private browser!: Browser;
  private page: Page | null = null;
  /* Requests to anywhere but the server, errors, violations of the policy. */
  private wrongs: string[] = [];

  constructor() {
    beforeAll(async () => {
      this.browser = await puppeteer.launch({
        browser: "firefox",
        executablePath: firefoxPath,
        headless: true,
        args: ["--width=1440", "--height=900"],
        // Nothing of its own goes out, so that what does is the page's.
        extraPrefsFirefox: {
          "app.update.enabled": false,
          "browser.safebrowsing.downloads.enabled": false,
          "network.captive-portal-service.enabled": false,
          "network.connectivity-service.enabled": false,
        },
      });
    });
    afterAll(() => this.browser?.close());
    beforeEach(async () => {
      this.wrongs = [];
      this.server = await Server.start();
      this.exporter = new Exporter(this.server.url);
    });
    afterEach(async () => {
      await this.page?.close();
      this.page = null;
      await this.server.remove();
      expect(this.wrongs).toEqual([]);
    });
  }

  /* A tab with the page in it, live. */
  async read(search = ""): Promise<Page> {
    const page = await this.browser.newPage();
    this.page = page;
    await page.setViewport({ width: 1440, height: 900 });
    const origin = this.server.url;
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !url.startsWith(`blob:${origin}/`))
        this.wrongs.push(`request to ${url}`);
    });
    page.on("pageerror", (error) => this.wrongs.push(`error: ${error}`));
    page.on("dialog", (dialog) => {
      this.wrongs.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => {
      if (/content security policy|policy violation/i.test(message.text()))
        this.wrongs.push(`console: ${message.text()}`);
    });
    await page.goto(`${origin}/${search}`);
    await page.waitForSelector(".badge.is-live");
    return page;
  }
}

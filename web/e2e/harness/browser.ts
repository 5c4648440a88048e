import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const fonts = fileURLToPath(new URL("./fonts.conf", import.meta.url));
export const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

export function launch(executablePath = chromiumPath): Promise<Browser> {
  return chromium.launch({
    executablePath,
    env: { ...process.env, FONTCONFIG_FILE: fonts },
    // A fresh profile each time: Playwright makes and removes it.
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/*
 * What pages did that they must never do: a request to anywhere but the
 * server, a violation of the policy, an error, or captured code that ran.
 */
export class Guard {
  readonly wrongs: string[] = [];

  constructor(private readonly origin: string) {}

  async watch(context: BrowserContext): Promise<void> {
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    context.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(`${this.origin}/`) && !url.startsWith(`blob:${this.origin}/`)) {
        this.wrongs.push(`request to ${url}`);
      }
    });
    context.on("weberror", (error) => this.wrongs.push(`error: ${error.error()}`));
    context.on("dialog", (dialog) => {
      this.wrongs.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on("console", (message) => {
      const text = message.text();
      if (/content security policy|policy violation/i.test(text))
        this.wrongs.push(`console: ${text}`);
    });
  }

  async ran(page: Page): Promise<boolean> {
    return page.evaluate(() => "pwned" in globalThis);
  }
}

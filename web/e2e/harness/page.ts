import type { Locator, Page } from "playwright-core";

/* The commands that open a dialog. */
export const dialogs = [
  "Settings",
  "Columns",
  "Alerts",
  "Export flows",
  "Keys and filters",
  "Go to a time",
] as const;

/* What a reader sees and does, in the words of a test. */
export class Reader {
  constructor(readonly page: Page) {}

  row(text: string): Locator {
    return this.page.locator("[role=row][data-number]", { hasText: text });
  }

  async sees(text: string): Promise<void> {
    await this.row(text).first().waitFor();
  }

  async isLive(): Promise<void> {
    await this.page.locator(".badge.is-live").waitFor();
  }

  async opens(text: string): Promise<void> {
    await this.row(text).first().click();
    await this.page.locator(".panel:not(:has([aria-busy=true]))").waitFor();
  }

  /* Does what the button of a command does. */
  async command(title: string): Promise<void> {
    await this.page.getByRole("button", { name: title, exact: true }).click();
  }

  async tab(name: string): Promise<void> {
    await this.page.getByRole("tab", { name }).click();
  }

  get panel(): Locator {
    return this.page.getByRole("tabpanel");
  }

  get box(): Locator {
    return this.page.getByRole("combobox", { name: "Filter flows" });
  }

  async filters(text: string): Promise<void> {
    await this.box.fill(text);
    // What the box offers while it is empty would lie over the list.
    if (text === "") await this.box.press("Enter");
  }

  /* Resolves once `ask` is true of what the page shows. */
  async until<T>(ask: (arg: T) => boolean, arg: T): Promise<void> {
    await this.page.waitForFunction(ask as (arg: unknown) => boolean, arg);
  }
}

import type { Page } from "playwright-core";
import { expect } from "vitest";
import { installWalker } from "./walker";

type Role = Parameters<Page["getByRole"]>[0];

/* More stops than any state of the page has. */
const stopsMost = 120;
const stopsInField = 12;

/* What a reader does who has no pointer. */
export class Keys {
  constructor(private readonly page: Page) {}

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  /* Goes on by Tab, or back, until this has the focus. */
  async to(role: Role, name: string | RegExp, key = "Tab"): Promise<void> {
    const exact = typeof name === "string";
    const target = this.page.getByRole(role, { name, exact }).first();
    await target.waitFor();
    const hasFocus = () =>
      target.evaluate((el) => {
        const root = el.getRootNode() as Document | ShadowRoot;
        return root.activeElement === el;
      });
    const way: string[] = [];
    while (!(await hasFocus())) {
      way.push(await this.focus());
      if (way.length > stopsMost)
        throw new Error(`never at ${role} ${name}, but at ${way.slice(-20).join("; ")}`);
      await this.press(key);
    }
  }

  /* ... and presses it. */
  async use(role: Role, name: string | RegExp, key = "Enter"): Promise<void> {
    await this.to(role, name);
    await this.press(key);
  }

  /* A command of the palette. */
  async command(title: string): Promise<void> {
    await this.press("Control+k");
    await this.page.getByRole("combobox", { name: "Find a command" }).waitFor();
    await this.type(title);
    await this.page
      .getByRole("option", { name: title, selected: true })
      .filter({ hasText: title })
      .waitFor();
    await this.press("Enter");
    await this.page.locator("dialog.palette").waitFor({ state: "detached" });
  }

  /* The element with the focus, in words. */
  async focus(): Promise<string> {
    return this.page.evaluate(() => {
      const el = document.activeElement;
      if (!el || el === document.body) return "nothing";
      const name = el.getAttribute("aria-label") || el.textContent || "";
      const role = el.getAttribute("role") ?? el.tagName.toLowerCase();
      return `${role} ${name.trim().slice(0, 60)}`;
    });
  }

  /* Waits until this has the focus: it comes back when what had it is gone. */
  async hasFocus(words: string | RegExp): Promise<void> {
    await expect.poll(() => this.focus()).toMatch(words);
  }

  /*
   * Goes all the way round by Tab, and back by Shift+Tab: every control that
   * is there has its turn, is in sight then and looks so. `within` a part that
   * keeps the focus, or in the whole page.
   */
  async goesRound(within = ""): Promise<void> {
    await this.page.evaluate(installWalker);
    const all = await this.page.evaluate((part) => walker.begin(part), within);
    const there = await this.passes("Tab");
    const missed = all.filter(({ isGroup }, at) => !isGroup && !there.has(at));
    expect(
      missed.map(({ words }) => words),
      "Tab does not reach",
    ).toEqual([]);
    const back = await this.passes("Shift+Tab");
    // A part that closes where it is left has no way back.
    if (await this.page.evaluate(() => walker.isOver())) return;
    expect([...back].sort(), "the way back is another").toEqual([...there].sort());
    expect(
      await this.page.evaluate(() => walker.unmarked()),
      "the focus is not seen on",
    ).toEqual([]);
  }

  /* The places that were passed until the way ends or is at its start again. */
  private async passes(key: string): Promise<Set<number>> {
    const passed = new Set<number>();
    const hidden: string[] = [];
    const times = new Map<string, number>();
    let before = "";
    let same = 0;
    for (let count = 0; ; count++) {
      if (count > 2 * stopsMost)
        throw new Error(`${key} goes on and on; now it is at ${await this.focus()}`);
      const stop = await this.page.evaluate(() => walker.stop());
      if (stop.isOver) break;
      if (!stop.isSeen) hidden.push(stop.words);
      if (stop.at >= 0) passed.add(stop.at);
      const place = `${stop.at} ${stop.words}`;
      // A field of a date has several stops of its own.
      same = place === before ? same + 1 : 0;
      if (same === 0) times.set(place, (times.get(place) ?? 0) + 1);
      if (times.get(place) === 3 || same > stopsInField) break;
      before = place;
      await this.press(key);
    }
    expect(hidden, "has the focus out of sight").toEqual([]);
    return passed;
  }
}

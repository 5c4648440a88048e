import type { Server } from "../../web/e2e/harness/server";
import type { Browser, Page } from "../../web/node_modules/playwright-core";
import { Tab } from "./tab";
import { row, times } from "./table";

const frames = 300;

interface Seen {
  blank: number;
  drawn: number;
}

/* From one end to the other in so many frames; was there a row in each? */
async function scroll(page: Page, count: number): Promise<Seen> {
  return page.evaluate(async (steps) => {
    const grid = document.querySelector<HTMLElement>("[role=grid]");
    if (!grid) throw new Error("no list");
    const box = grid.getBoundingClientRect();
    const seen = { blank: 0, drawn: 0 };
    const range = grid.scrollHeight - grid.clientHeight;
    for (let i = 1; i <= steps; i++) {
      grid.scrollTop = (range * i) / steps;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const at = [0.25, 0.5, 0.75].map((share) =>
        document.elementFromPoint(box.left + 60, box.top + box.height * share),
      );
      const hasRows = at.every((element) => element?.closest("[role=row]"));
      if (hasRows) seen.drawn++;
      else seen.blank++;
    }
    return seen;
  }, count);
}

/* All of the list goes by, then the page's heap. */
export async function lookThrough(browser: Browser, server: Server): Promise<void> {
  const tab = await Tab.open(browser, server.url);
  await tab.firstRow();
  await tab.stable(500);
  await tab.longTasks();
  const { blank, drawn } = await scroll(tab.page, frames);
  row("blank frames while scrolling", `${blank} of ${blank + drawn}`, "0", blank === 0);
  times("longest task while scrolling", [Math.max(0, ...(await tab.longTasks()))], 50);
  await tab.stable(500);
  const heap = (await tab.heap()) / 1e6;
  row("heap after scrolling", `${heap.toFixed(1)} MB`, "<= 60 MB", heap <= 60);
  await tab.close();
}

// By columns, by a word of the text, by a regular expression with a literal.
const filters = ["~c 5xx", "~m POST & ~c 404", "recipient", '~b "owner"'];

/* From the last key of a filter to the last change of what is in view. */
export async function typeFilters(browser: Browser, server: Server): Promise<void> {
  const tab = await Tab.open(browser, server.url);
  await tab.firstRow();
  const box = tab.page.getByRole("combobox", { name: /filter/i });
  const field = (await box.count()) > 0 ? box : tab.page.getByRole("textbox").first();
  for (const filter of filters) {
    const taken: number[] = [];
    for (let i = 0; i < 5; i++) {
      const typed = await tab.now();
      await field.fill(filter);
      taken.push((await tab.stable(600, typed)) - typed);
      const cleared = await tab.now();
      await field.fill("");
      await tab.stable(400, cleared);
    }
    times(`filter ${filter}`, taken, 120);
    times("  longest task", [Math.max(0, ...(await tab.longTasks()))], 50);
  }
  await tab.close();
}

import type { BrowserContext, Page } from "playwright-core";
import { firstLimit, screenOfRows } from "../../src/connection/protocol";

/*
 * Bytes of code, compressed as they came, that began to load before `untilMs`
 * of the page's own time: the document, scripts and styles. `transferSize`
 * has the heads of the responses in it.
 */
export function codeBytes(
  page: Page,
  untilMs: number,
  size: "encodedBodySize" | "transferSize" = "encodedBodySize",
): Promise<number> {
  return page.evaluate(
    ([until, size]) => {
      const isCode = ({ entryType, startTime, name }: PerformanceResourceTiming) =>
        entryType === "navigation" ||
        (entryType === "resource" &&
          startTime < until &&
          /\.(js|css|svg)$/.test(new URL(name).pathname));
      return (performance.getEntries() as PerformanceResourceTiming[])
        .filter(isCode)
        .reduce((sum, entry) => sum + entry[size], 0);
    },
    [untilMs, size] as const,
  );
}

/* Bytes that came for each row of those that a page begins with: the first
 * screen of them, and what the worker is told. */
export async function bytesPerRow(page: Page, down: number): Promise<number> {
  const code = await codeBytes(page, Number.MAX_VALUE, "transferSize");
  return (down - code) / (screenOfRows + firstLimit);
}

/* From now on pages of `context` note when their first row was there. */
export async function noteFirstRows(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const look = () => {
      if (!document.querySelector("[role=row][data-number]")) return;
      performance.mark("first row");
      rows.disconnect();
    };
    const rows = new MutationObserver(look);
    rows.observe(document, { subtree: true, childList: true });
  });
}

/* When that was, by the page's own time. */
export async function firstRowMs(page: Page): Promise<number> {
  await page.waitForFunction(() => performance.getEntriesByName("first row").length > 0);
  return page.evaluate(
    () => performance.getEntriesByName("first row")[0]?.startTime ?? 0,
  );
}

import type { BrowserContext, Page } from "playwright-core";

/*
 * Bytes of code, compressed as they came, that began to load before `untilMs`
 * of the page's own time: the document, scripts and styles.
 */
export function codeBytes(page: Page, untilMs: number): Promise<number> {
  return page.evaluate((until) => {
    const isCode = ({ entryType, startTime, name }: PerformanceResourceTiming) =>
      entryType === "navigation" ||
      (entryType === "resource" &&
        startTime < until &&
        /\.(js|css)$/.test(new URL(name).pathname));
    return (performance.getEntries() as PerformanceResourceTiming[])
      .filter(isCode)
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
  }, untilMs);
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

import type { Page } from "playwright-core";

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

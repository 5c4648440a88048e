import type { Server } from "../../web/e2e/harness/server";
import { bytesPerRow, codeBytes } from "../../web/e2e/harness/weight";
import { Wire } from "../../web/e2e/harness/wire";
import type { Browser } from "../../web/node_modules/playwright-core";
import { Tab } from "./tab";
import { row, times } from "./table";

const tries = 7;
const codeGoal = 130_000;
const rowGoal = 200;

export async function code(browser: Browser, server: Server): Promise<void> {
  const tab = await Tab.open(browser, server.url);
  const bytes = await codeBytes(tab.page, await tab.firstRow());
  const figure = `${(bytes / 1000).toFixed(1)} kB`;
  row("code before the first row", figure, "<= 130 kB", bytes <= codeGoal);
  await tab.close();
}

/* All that is no code, once it has come, for each row that was told: a first
 * screen of them, and what the worker begins with. */
export async function rowBytes(browser: Browser, server: Server): Promise<void> {
  const wire = await Wire.to(server.port);
  const tab = await Tab.open(browser, wire.url);
  await tab.firstRow();
  await tab.stable(2000);
  const bytes = await bytesPerRow(tab.page, wire.counted.down);
  row("bytes on the wire for a row", bytes.toFixed(0), "<= 200", bytes <= rowGoal);
  await tab.close();
  wire.close();
}

/* From navigation to the first painted row, in new profiles. */
export async function firstRows(
  browser: Browser,
  server: Server,
  goalMs: number,
): Promise<void> {
  const first: number[] = [];
  const long: number[] = [];
  const heaps: number[] = [];
  for (let i = 0; i < tries; i++) {
    const tab = await Tab.open(browser, server.url);
    first.push(await tab.firstRow());
    await tab.stable(300);
    long.push(Math.max(0, ...(await tab.longTasks())));
    heaps.push(await tab.heap());
    await tab.close();
  }
  times("first rows are painted", first, goalMs);
  times("longest task while loading", long, 50);
  const heap = Math.max(...heaps) / 1e6;
  row("heap once loaded", `${heap.toFixed(1)} MB`, "<= 60 MB", heap <= 60);
}

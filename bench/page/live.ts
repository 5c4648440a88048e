import type { Server } from "../../web/e2e/harness/server";
import type { Browser } from "../../web/node_modules/playwright-core";
import { sender } from "./fill";
import { Tab } from "./tab";
import { ms, quantile, row } from "./table";

const pause = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

/* Flows tell when they were sent, by the clock that process.hrtime() reads. */
async function lookForFlows(tab: Tab): Promise<void> {
  const clock = Number(process.hrtime.bigint()) / 1e6;
  const wall = performance.timeOrigin + performance.now();
  await tab.page.evaluate((wallMinusClock) => {
    window.probe.clock = performance.timeOrigin - wallMinusClock;
  }, wall - clock);
}

/* 200 flows/s, each telling when it was sent. */
async function toRows(browser: Browser, server: Server, build: string): Promise<void> {
  const tab = await Tab.open(browser, server.url);
  await tab.firstRow();
  await tab.stable(500);
  await tab.longTasks();
  await lookForFlows(tab);
  const flows = 1000;
  await sender(build, server.port, "--flows", flows, "--rate", 200, "--seed", 8).ended;
  await tab.stable(500);
  const taken = await tab.page.evaluate(() => window.probe.toRow);
  const [p50, p95] = [quantile(taken, 0.5), quantile(taken, 0.95)];
  const figure = `${ms(p50)}, p95 ${ms(p95)} (${taken.length} seen)`;
  row("sent to painted row, 200 flows/s", figure, "17, 50 ms", p50 <= 17 && p95 <= 50);
  longest(await tab.longTasks());
  await tab.close();
}

/* Keys while 2,000 flows/s come; afterwards no row is missing. */
async function underLoad(browser: Browser, server: Server, build: string): Promise<void> {
  const tab = await Tab.open(browser, server.url);
  await tab.firstRow();
  await tab.stable(500);
  await tab.longTasks();
  const total = () =>
    tab.page.evaluate(() =>
      Number(document.querySelector(".count")?.textContent?.replace(/[^0-9]/g, "")),
    );
  const before = await total();
  const flows = 16_000;
  let over = false;
  const options = ["--flows", flows, "--rate", 2000, "--seed", 9];
  const sending = sender(build, server.port, ...options);
  void sending.ended.then(() => {
    over = true;
  });
  let keys = 0;
  for (; !over; keys++) {
    await tab.page.keyboard.press("j");
    await pause(50);
  }
  await tab.stable(1000);
  const taken = await tab.page.evaluate(() => window.probe.toFrame);
  const [p50, p95] = [quantile(taken, 0.5), quantile(taken, 0.95)];
  const figure = `${ms(p50)}, p95 ${ms(p95)} (${taken.length} of ${keys})`;
  row("key to painted frame, 2,000 flows/s", figure, "p95 50 ms", p95 <= 50);
  longest(await tab.longTasks());
  const lost = before + flows - (await total());
  row("  rows lost", String(lost), "0", lost === 0);
  await tab.close();
}

function longest(tasks: readonly number[]): void {
  const ofAll = Math.max(0, ...tasks);
  row("  longest task", ms(ofAll), "<= 50 ms", ofAll <= 50);
}

export async function live(
  browser: Browser,
  server: Server,
  build: string,
): Promise<void> {
  await toRows(browser, server, build);
  await underLoad(browser, server, build);
}

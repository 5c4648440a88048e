import { Exporter, http } from "../../web/e2e/harness/exporter";
import type { Server } from "../../web/e2e/harness/server";
import type { Browser } from "../../web/node_modules/playwright-core";
import { sender } from "./fill";
import { Tab } from "./tab";
import { ms, quantile, row } from "./table";

const pause = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

/* 200 flows/s, each telling in its path when it was sent. */
async function toRows(browser: Browser, server: Server): Promise<void> {
  const tab = await Tab.open(browser, server.url);
  await tab.firstRow();
  await tab.stable(500);
  await tab.longTasks();
  const exporter = new Exporter(server.url).open();
  const started = performance.now();
  for (let sent = 0; sent < 1000; ) {
    const due = Math.floor((performance.now() - started) / 5);
    for (; sent < Math.min(1000, due); sent++) {
      exporter.push(http(`http://a.example/sent-${Date.now()}.`));
    }
    await pause(2);
  }
  await exporter.close();
  await tab.stable(500);
  const taken = await tab.page.evaluate(() => window.probe.toRow);
  const [p50, p95] = [quantile(taken, 0.5), quantile(taken, 0.95)];
  const figure = `${ms(p50)}, p95 ${ms(p95)} (${taken.length} seen)`;
  row("sent to painted row, 200 flows/s", figure, "17, 50 ms", p50 <= 17 && p95 <= 50);
  const longest = Math.max(0, ...(await tab.longTasks()));
  row("  longest task", ms(longest), "<= 50 ms", longest <= 50);
  await tab.close();
}

/* Keys while 2,000 flows/s come; afterwards no row is missing. */
async function underLoad(browser: Browser, server: Server, build: string): Promise<void> {
  const tab = await Tab.open(browser, server.url);
  await tab.firstRow();
  const total = () =>
    tab.page.evaluate(() =>
      Number(document.querySelector(".count")?.textContent?.replace(/[^0-9]/g, "")),
    );
  const before = await total();
  const flows = 16_000;
  let over = false;
  const sending = sender(
    build,
    server.port,
    "--flows",
    flows,
    "--rate",
    2000,
    "--seed",
    9,
  );
  void sending.ended.then(() => {
    over = true;
  });
  while (!over) {
    await tab.page.keyboard.press("j");
    await pause(50);
  }
  await tab.stable(1000);
  const taken = await tab.page.evaluate(() => window.probe.toFrame);
  const [p50, p95] = [quantile(taken, 0.5), quantile(taken, 0.95)];
  row(
    "key to painted frame, 2,000 flows/s",
    `${ms(p50)}, p95 ${ms(p95)}`,
    "p95 50 ms",
    p95 <= 50,
  );
  const lost = before + flows - (await total());
  row("  rows lost", String(lost), "0", lost === 0);
  await tab.close();
}

export async function live(
  browser: Browser,
  server: Server,
  build: string,
): Promise<void> {
  await toRows(browser, server);
  await underLoad(browser, server, build);
}

import { describe, expect, it } from "vitest";
import { http } from "./harness/exporter";
import { Scene } from "./harness/scene";
import { bytesPerRow, codeBytes, firstRowMs, noteFirstRows } from "./harness/weight";
import { Wire } from "./harness/wire";

const scene = new Scene();

const flows = 500;

function many() {
  const startMs = Date.now() - flows * 1000;
  return Array.from({ length: flows }, (_, i) =>
    http(`https://api.shop${i % 17}.example/v2/orders/${i}?page=${i % 5}&locale=de-CH`, {
      method: i % 3 ? "GET" : "POST",
      startMs: startMs + i * 1000,
    }),
  );
}

describe("what the page may cost", () => {
  it("at most 130 kB of code before the first row", async () => {
    await scene.exporter.send(...many());
    await noteFirstRows(scene.context);
    const { page } = await scene.read();
    const bytes = await codeBytes(page, await firstRowMs(page));
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(130_000);
  });

  it("one request for its icon, however often the address changes", async () => {
    await scene.exporter.send(...many());
    const page = await scene.context.newPage();
    const session = await scene.context.newCDPSession(page);
    await session.send("Network.enable");
    const sent: string[] = [];
    session.on("Network.responseReceived", ({ response }) => {
      if (/icon/.test(response.url) && !response.fromDiskCache) sent.push(response.url);
    });
    await page.goto(scene.server.url);
    await page.locator("[role=row][data-number]").first().waitFor();
    await expect.poll(() => sent.length).toBe(1);
    // Chromium asks again at each change of the address, if only its own cache.
    for (const flow of [1, 2, 3, 4, 5]) {
      const came = page.waitForResponse(/icon/);
      await page.evaluate((n) => history.replaceState(null, "", `?flow=${n}`), flow);
      await came;
    }
    expect(sent).toHaveLength(1);
  });

  it("at most 200 bytes on the wire for a row", async () => {
    await scene.exporter.send(...many());
    const wire = await Wire.to(scene.server.port);
    // Not by the scene's own context, which minds requests to other ports.
    const context = await scene.context.browser()?.newContext();
    if (!context) throw new Error("no browser");
    const page = await context.newPage();
    await page.goto(wire.url);
    await page.getByText(`${flows} flows`).first().waitFor();
    // Until the code that comes by the way is whole, it is not told.
    await expect
      .poll(() => bytesPerRow(page, wire.counted.down), { timeout: 20_000 })
      .toBeLessThanOrEqual(200);
    await context.close();
    wire.close();
  });

  it("at most 60 MB of heap, however many rows have gone by", async () => {
    await scene.exporter.send(...many());
    const reader = await scene.read();
    await reader.sees("/v2/orders/499");
    await reader.page.keyboard.press("End");
    await reader.sees("/v2/orders/0?");
    const session = await reader.page.context().newCDPSession(reader.page);
    await session.send("HeapProfiler.enable");
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    expect(usedSize).toBeLessThanOrEqual(60_000_000);
  });
});

import { describe, expect, it } from "vitest";
import { http, loss } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";
import { anHour } from "./harness/traffic";

const scene = new Scene();

async function read(panel: string, filter = ""): Promise<Reader> {
  await scene.exporter.send(...anHour(Date.now()));
  const query = filter ? `&q=${encodeURIComponent(filter)}` : "";
  return scene.read(`?panel=${panel}${query}`);
}

const filterOf = (reader: Reader) =>
  new URL(reader.page.url()).searchParams.get("q") ?? "";

const filterIs = (reader: Reader, filter: string) =>
  reader.page.waitForURL((url) => (url.searchParams.get("q") ?? "") === filter);

describe("statistics for the current filter", () => {
  it("tell counts, errors, sizes, latencies and what flows have in common", async () => {
    const reader = await read("statistics", "~m GET");
    const panel = reader.page.getByRole("complementary", { name: "Statistics" });
    await panel.getByText("192", { exact: true }).first().waitFor();
    const times = panel.getByRole("region", { name: "Response time" });
    expect(await times.locator("dl").textContent()).toMatch(
      /p50\d+ ms.*p95\d+ ms.*p99\d+ ms.*longest773 ms/,
    );
    const hosts = panel.getByRole("region", { name: "Hosts", exact: true });
    expect(await hosts.getByRole("button").count()).toBe(4);
    expect(await hosts.locator(".sr-only").first().textContent()).toMatch(
      /: \d+ flows(, \d+ with errors)?, half within \d+ ms, 95% within \d+ ms$/,
    );
    for (const name of ["Status", "Hosts with errors", "Devices", "Methods", "Types"])
      expect(await panel.getByRole("region", { name, exact: true }).count()).toBe(1);
  });

  it("narrow the filter by a row, and widen it by the same row", async () => {
    const reader = await read("statistics");
    const status = reader.page.getByRole("region", { name: "Status" });
    const row = status.getByRole("button", { name: /^404: / });
    await row.click();
    await filterIs(reader, "~c 404");
    await reader.page.locator("[aria-pressed=true]", { hasText: "404" }).waitFor();
    await reader.page.getByRole("button", { name: /with errors \(100\.0%\)/ }).waitFor();
    await row.click();
    await filterIs(reader, "");
    await reader.page.getByRole("button", { name: /with errors \(/ }).click();
    await filterIs(reader, "(~e | ~c >=400)");
  });

  it("follow flows as they come", async () => {
    const reader = await read("statistics");
    const methods = reader.page.getByRole("region", { name: "Methods" });
    await methods.getByRole("button", { name: /^GET: 192 flows/ }).waitFor();
    await scene.exporter.send(http("http://a.example/", { method: "BREW" }));
    await methods.getByRole("button", { name: /^BREW: 1 flow/ }).waitFor();
  });

  it("draw what strangers wrote as text", async () => {
    await scene.exporter.send(
      http("http://a.example/", { method: "<img src=x onerror=pwned=1>" }),
    );
    const reader = await scene.read("?panel=statistics");
    await reader.page.getByRole("button", { name: /^<img src=x/ }).waitFor();
    expect(await scene.guard.ran(reader.page)).toBe(false);
  });
});

describe("grouping by host or device as a tree", () => {
  it("opens, closes and is walked by keys, and narrows by Enter", async () => {
    const reader = await read("tree", "~e | ~http");
    const tree = reader.page.getByRole("tree", { name: "Hosts" });
    const first = tree.getByRole("treeitem").first();
    await first.waitFor();
    expect(await first.locator(".sr-only").textContent()).toMatch(
      /^example\.com: 144 flows/,
    );
    await first.focus();
    await reader.page.keyboard.press("ArrowRight");
    await tree.getByRole("treeitem", { name: /^api\.shop\.example\.com/ }).waitFor();
    await reader.page.keyboard.press("ArrowDown");
    await reader.page.keyboard.press("ArrowRight");
    const post = tree.getByRole("treeitem", { name: /^POST: 48 flows/ });
    await post.waitFor();
    expect(await post.getAttribute("aria-level")).toBe("3");
    await reader.page.keyboard.press("t");
    const focused = () =>
      reader.page.evaluate(
        () => document.activeElement?.querySelector(".sr-only")?.textContent,
      );
    expect(await focused()).toMatch(/^telemetry\.vendor\.co\.uk: /);
    await reader.page.keyboard.press("p");
    expect(await focused()).toMatch(/^POST: /);
    await reader.page.keyboard.press("Enter");
    await reader.page.waitForURL(/%7Em/);
    expect(filterOf(reader)).toBe("~e | ~http ~d ^api\\.shop\\.example\\.com$ ~m ^POST$");
    await reader.filters("");
    await post.waitFor();
    await first.focus();
    await reader.page.keyboard.press("ArrowLeft");
    await post.waitFor({ state: "detached" });
  });

  it("narrows to a node and hides one by the pointer", async () => {
    const reader = await read("tree");
    const address = reader.page.getByRole("treeitem", { name: /^192\.0\.2\.44/ });
    await address.locator("bdi").click();
    await filterIs(reader, "~d ^192\\.0\\.2\\.44$");
    await reader.page.locator("[role=treeitem][aria-selected=true]").waitFor();
    await address.locator("bdi").click();
    await filterIs(reader, "");
    await address.hover();
    await address.getByText("Hide").click();
    await filterIs(reader, "!~d ^192\\.0\\.2\\.44$");
  });

  it("is by device as well, with the hosts of each", async () => {
    const reader = await read("tree");
    await reader.page.getByRole("button", { name: "Devices" }).click();
    const device = reader.page.getByRole("treeitem", { name: /^10\.8\.0\.3: 80 flows/ });
    await device.focus();
    await reader.page.keyboard.press("ArrowRight");
    const domain = reader.page.getByRole("treeitem", { name: /^example\.com/ });
    await domain.waitFor();
    await domain.press("Enter");
    await reader.page.waitForURL(/device/);
    expect(filterOf(reader)).toBe(
      '~device ^10\\.8\\.0\\.3$ ~d "(^|\\\\.)example\\\\.com$"',
    );
  });
});

describe("a live health view of every connected proxy", () => {
  it("tells how each is doing, and is opened from the badge", async () => {
    const reader = await scene.read();
    await reader.page.getByTitle("How the proxies are doing").click();
    const panel = reader.page.getByRole("complementary", { name: "Proxies" });
    await panel.getByText("No proxy has sent anything").waitFor();
    const now = Date.now();
    const open = scene.exporter.open();
    open.push(http("http://a.example/one", { startMs: now - 12 }));
    open.push(loss("l1", 3, now - 1000, now));
    const card = panel.getByRole("article");
    await card.getByText(/^Connected since \d\d:\d\d:\d\d$/).waitFor();
    await card.getByText("3 flows", { exact: true }).waitFor();
    await card
      .getByText(/^0\.1\/s$/)
      .first()
      .waitFor();
    expect(await card.getByRole("img").getAttribute("aria-label")).toMatch(
      /^Flows in each of the last 60 seconds, 1 at most/,
    );
    expect(await card.textContent()).toMatch(/Late by.* ms, p95 .*gRPC, HTTP\/2/);
    await open.close();
    await card.getByText(/^Gone since /).waitFor();
    await reader.page.keyboard.press("Escape");
  });

  it("the badge says how many flows come", async () => {
    const reader = await scene.read();
    // It knows how many there were before.
    await reader.page.getByText("Nothing captured yet").waitFor();
    const now = await reader.page.evaluate(() => performance.now());
    await reader.until((begun) => performance.now() > begun + 1000, now);
    await scene.exporter.send(...anHour(Date.now()));
    await reader.page.locator(".badge", { hasText: /^Live, \d+\/s$/ }).waitFor();
  });
});

describe("the panel", () => {
  it("is closed by Esc and by its button, and made wider by keys", async () => {
    const reader = await read("tree");
    const panel = reader.page.getByRole("complementary").locator(".side");
    const grip = reader.page.getByRole("separator", { name: "Width of the panel" });
    expect((await panel.boundingBox())?.width).toBe(320);
    await grip.press("ArrowRight");
    expect((await panel.boundingBox())?.width).toBe(344);
    await reader.page.getByRole("treeitem").first().press("Escape");
    await panel.waitFor({ state: "detached" });
    await reader.page.goto(`${scene.server.url}/?panel=statistics`);
    await reader.page.getByRole("button", { name: "Close the panel" }).click();
    await panel.waitFor({ state: "detached" });
  });

  it("is over the list on a phone", async () => {
    const reader = await read("statistics");
    await reader.page.setViewportSize({ width: 390, height: 844 });
    const box = await reader.page.locator(".side").boundingBox();
    expect(box?.width).toBe(390);
    expect(await reader.page.evaluate(() => document.body.scrollWidth)).toBe(390);
  });
});

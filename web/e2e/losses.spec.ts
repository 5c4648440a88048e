import { describe, expect, it } from "vitest";
import { EventType } from "../src/gen/mitmproxy/v1/mitmproxy_pb";
import { connection, http, loss } from "./harness/exporter";
import { Scene } from "./harness/scene";

const scene = new Scene();

describe("what flows do not tell", () => {
  it("says that flows were lost, and lists the reports on a click or by keys", async () => {
    const reader = await scene.read();
    const badge = reader.page.getByRole("button", { name: /flows? lost/ });
    expect(await badge.count()).toBe(0);
    const now = Date.now();
    await scene.exporter.send(loss("first", 12, now - 60_000, now));
    await badge.waitFor();
    expect(await badge.textContent()).toMatch(/^12 flows lost [^,]*, spool full/);

    await scene.exporter.send(loss("second", 1, now, now), loss("second", 1, now, now));
    await reader.page.getByRole("button", { name: /13 flows lost/ }).waitFor();
    await badge.focus();
    await reader.page.keyboard.press("Enter");
    const dialog = reader.page.getByRole("dialog", { name: "Lost flows" });
    await dialog.waitFor();
    const items = await dialog.getByRole("listitem").allTextContents();
    expect(items).toHaveLength(2);
    expect(items[0]).toMatch(/^1 flow\d{4}-/);
    expect(items[1]).toMatch(/^12 flows.*the spool is full$/);
    await reader.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await badge.evaluate((el) => el === document.activeElement)).toBe(true);

    // A tab that comes later is told, whatever its filter.
    const another = await scene.read("?q=~m+PUT");
    await another.page.getByRole("button", { name: /13 flows lost/ }).waitFor();
  });

  it("shows a handshake that failed, with its reason", async () => {
    const error = "The client does not trust the proxy's certificate";
    await scene.exporter.send(
      connection(EventType.TLS_FAILED_CLIENT, "c1", {
        error,
        more: { sni: "shop.example" },
      }),
    );
    const reader = await scene.read();
    await reader.sees("shop.example");
    const row = reader.row("shop.example");
    expect(await row.textContent()).toContain(`client TLS handshake failed: ${error}`);
    expect(await row.getAttribute("class")).toContain("edge-bad");
    expect(await row.getAttribute("aria-label")).toContain("status error, error: client");
    await reader.opens("shop.example");
    await reader.tab("Overview");
    await reader.panel.getByText(`client TLS handshake failed: ${error}`).waitFor();
    await reader.tab("Connection");
    await reader.panel.getByText("failed", { exact: true }).waitFor();
  });

  it("shows when a flow's connections were closed, and why", async () => {
    const atMs = new Date(2026, 0, 2, 3, 4, 5).getTime();
    const client = { id: "c2", peernameHost: "192.0.2.7", peernamePort: 40007 };
    await scene.exporter.send(
      http("http://a.example/closed", { more: { client } }),
      connection(EventType.CLIENT_DISCONNECTED, "c2", { atMs, error: "reset by peer" }),
    );
    const reader = await scene.read();
    await reader.opens("/closed");
    await reader.tab("Connection");
    await reader.panel.getByText("2026-01-02 03:04:05.000").waitFor();
    await reader.panel.getByText("reset by peer").waitFor();
    await reader.panel.getByText("closed", { exact: true }).waitFor();
  });
});

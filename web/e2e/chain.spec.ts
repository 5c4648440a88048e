import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Mitmdump } from "./harness/mitmdump";
import { Scene } from "./harness/scene";

const scene = new Scene();
let proxy: Mitmdump;

beforeEach(async () => {
  proxy = await Mitmdump.start(scene.server.url);
});

afterEach(() => proxy?.stop());

describe("a request through the proxy", () => {
  it("appears on the page, opens, is found and is pinned", async () => {
    const reader = await scene.read();
    await reader.page.getByText("Nothing captured yet").waitFor();
    expect(await proxy.get("/seen?by=all")).toContain("from the origin");
    await reader.sees("/seen?by=all");
    await reader.opens("/seen");
    await reader.panel.getByText('"from the origin"').waitFor();
    await reader.tab("Request");
    await reader.panel.getByText("X-Chain").waitFor();

    await proxy.get("/other");
    await reader.sees("/other");
    await reader.filters("by=all");
    await reader.row("/other").waitFor({ state: "detached" });
    await reader.sees("/seen");

    await reader.row("/seen").click();
    await reader.page.keyboard.press("p");
    await reader.row("/seen").getByRole("img", { name: "pinned" }).waitFor();
  });

  it("appears after a restart of the server without a reload, and only once", async () => {
    const reader = await scene.read();
    await proxy.get("/before");
    await reader.sees("/before");
    await scene.server.kill("SIGKILL");
    // The exporter keeps it until the server is back.
    await proxy.get("/meanwhile");
    await scene.server.start();
    await reader.sees("/meanwhile");
    await proxy.get("/after");
    await reader.sees("/after");
    expect(await reader.row("127.0.0.1").count()).toBe(3);
  });
});

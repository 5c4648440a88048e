import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { Exporter, http } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();
const read = (search?: string) => scene.read(search);

/* What a worker asks for cannot be answered by a test. */
function withoutWorker(): Promise<unknown> {
  return scene.context.addInitScript(() => {
    Reflect.deleteProperty(globalThis, "SharedWorker");
  });
}

describe("the connection", () => {
  it.each(["SIGTERM", "SIGKILL"] as const)(
    "goes on without a reload after the server is restarted by %s",
    async (signal) => {
      await scene.exporter.send(http("http://a.example/before"));
      const reader = await read();
      await reader.sees("/before");
      await reader.page.evaluate(() => Object.assign(globalThis, { sameDocument: true }));
      await scene.server.kill(signal);
      await reader.page.locator(".badge.is-offline").waitFor();
      await reader.page.getByText(/Offline since \d\d:\d\d:\d\d/).waitFor();
      await reader.sees("/before");
      await scene.server.start();
      await new Exporter(scene.server.url).send(http("http://a.example/after"));
      await reader.isLive();
      await reader.sees("/after");
      await reader.sees("/before");
      expect(await reader.row("a.example").count()).toBe(2);
      expect(await reader.page.evaluate(() => "sameDocument" in globalThis)).toBe(true);
    },
  );

  it("says that the server is away when there is nothing to show", async () => {
    const reader = await read();
    await reader.page.getByText("Nothing captured yet").waitFor();
    await scene.server.kill();
    await reader.page.getByText("The server does not answer").waitFor();
    await scene.server.start();
    await reader.page.getByText("Nothing captured yet").waitFor();
  });

  it("says nothing of the moment in which another filter's flows come", async () => {
    await scene.exporter.send(http("http://a.example/one"), http("http://b.example/two"));
    const reader = await scene.read();
    await reader.page.locator(".badge").evaluate((badge) => {
      const told: string[] = [];
      Object.assign(globalThis, { told });
      const note = () => told.push(badge.textContent ?? "");
      const what = { subtree: true, childList: true, characterData: true };
      new MutationObserver(note).observe(badge, what);
    });
    for (const [filter, gone] of [
      ["~d a.example", "/two"],
      ["~d b.example", "/one"],
      ["two", "/one"],
    ] as const) {
      await reader.filters(filter);
      await reader.row(gone).waitFor({ state: "detached" });
      await reader.page.locator("main:not(.loading)").waitFor();
    }
    const told = await reader.page.evaluate(() => Reflect.get(globalThis, "told"));
    expect((told as string[]).filter((text) => !text.startsWith("Live"))).toEqual([]);
  });

  it("keeps eight tabs live at once, and each can still ask", async () => {
    await scene.exporter.send(http("http://a.example/old"));
    const tabs: Reader[] = [];
    for (let i = 0; i < 8; i++) {
      const tab = await read();
      await tab.sees("/old");
      tabs.push(tab);
    }
    await scene.exporter.send(http("http://a.example/for-all"));
    await Promise.all(tabs.map((tab) => tab.sees("/for-all")));
    for (const tab of tabs) {
      await tab.isLive();
      await tab.page.bringToFront();
      await tab.opens("/for-all");
      await tab.tab("Overview");
      await tab.panel.getByText("GET http://a.example/for-all").waitFor();
    }
  });

  it("keeps eight tabs live at once with eight filters", async () => {
    const names = Array.from({ length: 8 }, (_, i) => `word${i}`);
    const tabs: Reader[] = [];
    for (const name of names) {
      const tab = await read(`?q=${name}`);
      await tab.isLive();
      tabs.push(tab);
    }
    await scene.exporter.send(
      ...names.map((name) => http(`http://a.example/${name}/first`)),
    );
    await Promise.all(tabs.map((tab, i) => tab.sees(`/word${i}/first`)));
    await scene.exporter.send(
      ...names.map((name) => http(`http://a.example/${name}/second`)),
    );
    await Promise.all(tabs.map((tab, i) => tab.sees(`/word${i}/second`)));
    for (const [i, tab] of tabs.entries()) {
      expect(await tab.row("a.example").count()).toBe(2);
      await tab.page.bringToFront();
      await tab.opens(`/word${i}/first`);
    }
  });

  it("is that of one tab for all where a browser has no SharedWorker, and another's when that one closes", async () => {
    const { context, exporter } = scene;
    await withoutWorker();
    const watching = new Set<Page>();
    context.on("request", (request) => {
      if (request.url().endsWith("/WatchFlows")) watching.add(request.frame().page());
    });
    const tabs = [await read(), await read(), await read()];
    await exporter.send(http("http://a.example/one-for-all"));
    await Promise.all(tabs.map((tab) => tab.sees("/one-for-all")));
    expect(watching.size).toBe(1);

    const [leader] = watching;
    await leader?.close({ runBeforeUnload: false });
    const left = tabs.filter(({ page }) => page !== leader);
    expect(left).toHaveLength(2);
    await expect.poll(() => watching.size).toBe(2);
    await exporter.send(http("http://a.example/after-it"));
    await Promise.all(left.map((tab) => tab.sees("/after-it")));
    expect(watching.size).toBe(2);
  });

  it.each([
    ["is asked for", { status: 401 }],
    ["has a page of its own", { status: 302, headers: { location: "/sign-in" } }],
  ])("says so when the session is over and a sign-in %s", async (_, answer) => {
    await withoutWorker();
    await scene.exporter.send(http("http://a.example/before"));
    const reader = await read();
    await reader.sees("/before");
    await scene.context.route(/WatchFlows/, (route) => route.fulfill(answer));
    await scene.server.kill();
    await scene.server.start();
    await reader.page.getByText(/^Signed out since/).waitFor();
    await reader.sees("/before");
    await scene.context.unrouteAll();
    await reader.page.getByRole("button", { name: "Sign in again" }).click();
    await reader.isLive();
    await reader.sees("/before");
    expect(await reader.page.getByText("You are signed out").count()).toBe(0);
  });

  it("says so when a reader may not see flows", async () => {
    await withoutWorker();
    await scene.context.route(/WatchFlows|QueryFlows/, (route) =>
      route.fulfill({ status: 403 }),
    );
    const page = await scene.context.newPage();
    await page.goto(scene.server.url);
    await page.getByText("You may not see these flows").waitFor();
    await page.getByText(/^No access since/).waitFor();
  });

  it("says that the server has a new page once parts of this one are gone", async () => {
    const reader = await read();
    await reader.page.getByText("Nothing captured yet").waitFor();
    // A server of another version has neither this document nor its parts.
    const { context, server } = scene;
    await context.route(/SettingsDialog.*js/, (route) => route.fulfill({ status: 404 }));
    await context.route(`${server.url}/`, async (route) => {
      const answer = await route.fetch();
      const body = (await answer.text()).replace(
        /assets\/index-[\w-]+/,
        "assets/index-new",
      );
      await route.fulfill({ response: answer, body });
    });
    await reader.page.getByRole("button", { name: "More" }).click();
    await reader.page.getByRole("menuitem", { name: "Settings" }).click();
    await reader.page.getByText("The server has a new version of this page.").waitFor();
    await context.unrouteAll();
    const loaded = reader.page.waitForEvent("load");
    await reader.page.getByRole("button", { name: "Reload" }).click();
    await loaded;
    await reader.isLive();
  });

  it("goes on asking for a part whose server is only away", async () => {
    const reader = await read();
    await reader.page.getByText("Nothing captured yet").waitFor();
    const asked = reader.page.waitForRequest(/SettingsDialog.*js/);
    await scene.context.route(/SettingsDialog.*js/, (route) => route.abort(), {
      times: 1,
    });
    await reader.page.getByRole("button", { name: "More" }).click();
    await reader.page.getByRole("menuitem", { name: "Settings" }).click();
    await asked;
    await reader.page.getByRole("dialog", { name: "Settings" }).waitFor();
    expect(await reader.page.getByText("a new version").count()).toBe(0);
  });
});

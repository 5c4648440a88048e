import { describe, expect, it } from "vitest";
import { http } from "./harness/exporter";
import { Scene } from "./harness/scene";

const scene = new Scene();

describe("the command palette", () => {
  it("opens by Ctrl+K and runs what a few letters find", async () => {
    const reader = await scene.read();
    await reader.page.keyboard.press("Control+k");
    const field = reader.page.getByRole("combobox", { name: "Find a command" });
    await field.fill("keys fil");
    await reader.page.keyboard.press("Enter");
    await reader.page.getByRole("heading", { name: "Keys and filters" }).waitFor();
  });

  it("goes to a flow by its number", async () => {
    await scene.exporter.send(http("http://a.example/one"), http("http://a.example/two"));
    const reader = await scene.read();
    await reader.sees("/two");
    await reader.page.keyboard.press("Control+k");
    await reader.page.getByRole("option").first().waitFor();
    await reader.page.keyboard.type("1");
    await reader.page.getByRole("option", { name: "Go to flow 1" }).click();
    await reader.panel.waitFor();
    expect(reader.page.url()).toContain("flow=1");
  });

  it("closes by Esc and leaves the focus where it was", async () => {
    const reader = await scene.read();
    await reader.box.focus();
    await reader.page.keyboard.press("Control+k");
    await reader.page.getByRole("dialog").waitFor();
    await reader.page.keyboard.press("Escape");
    await reader.page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await reader.box.evaluate((box) => box === document.activeElement)).toBe(true);
  });
});

describe("the help", () => {
  it("tells the keys of what the page can do, and the operators that the server knows", async () => {
    const reader = await scene.read();
    await reader.page.keyboard.press("?");
    const dialog = reader.page.getByRole("dialog");
    await dialog.getByText("Pin the flow, or unpin it").waitFor();
    await dialog.getByText("Next and previous flow").waitFor();
    await dialog.getByText("the host matches").waitFor();
  });
});

describe("the menu of the header", () => {
  it("has the commands that the header has no room for, by keys alone", async () => {
    const reader = await scene.read();
    const more = reader.page.getByRole("button", { name: "More" });
    await more.focus();
    await reader.page.keyboard.press("Enter");
    await reader.page.getByRole("menuitem", { name: "Settings" }).waitFor();
    await reader.page.keyboard.press("Escape");
    await reader.page.getByRole("menu").waitFor({ state: "detached" });
    expect(await more.evaluate((button) => button === document.activeElement)).toBe(true);
    await reader.page.keyboard.press("Enter");
    await reader.page.getByRole("menuitem", { name: "Settings" }).click();
    await reader.page.getByRole("heading", { name: "Settings" }).waitFor();
  });
});

describe("settings", () => {
  it("of the theme hold before the first frame, and in other tabs", async () => {
    const reader = await scene.read();
    const theme = (of: typeof reader) =>
      of.page.evaluate(() => document.documentElement.dataset.theme);
    expect(await theme(reader)).toBe("light");
    const other = await scene.read();
    await reader.page.keyboard.press("Control+k");
    await reader.page.keyboard.type("settings");
    await reader.page.getByRole("option", { name: /Settings/ }).click();
    await reader.page.getByRole("radio", { name: "Dark" }).check();
    expect(await theme(reader)).toBe("dark");
    await other.page.waitForFunction(
      () => document.documentElement.dataset.theme === "dark",
    );
    // Without the page's own code there is the theme already.
    const bare = await scene.context.newPage();
    await bare.route(/assets\/index/, (route) => route.abort());
    await bare.goto(scene.server.url);
    expect(await bare.evaluate(() => document.documentElement.dataset.theme)).toBe(
      "dark",
    );
  });

  it("of the density and of times hold for the rows at once", async () => {
    const startMs = Date.now() - 3 * 3_600_000 - 60_000;
    await scene.exporter.send(
      http("http://a.example/one", { startMs }),
      http("http://a.example/two", { startMs }),
    );
    const reader = await scene.read();
    await reader.sees("/two");
    const tops = async () => {
      const [one, two] = await Promise.all(
        ["/one", "/two"].map((path) => reader.row(path).boundingBox()),
      );
      if (!one || !two) throw new Error("the rows are not drawn");
      return [one.y - two.y, one.height];
    };
    const [step = 0, height] = await tops();
    expect(step).toBe(height);
    await reader.page.keyboard.press("Control+k");
    await reader.page.keyboard.type("settings");
    await reader.page.getByRole("option", { name: /Settings/ }).click();
    await reader.page.getByRole("radio", { name: "Compact" }).check();
    await reader.page.getByRole("radio", { name: "How long ago" }).check();
    await reader.row("3 h ago").first().waitFor();
    const [nearer = 0, lower] = await tops();
    expect(nearer).toBeLessThan(step);
    expect(nearer).toBe(lower);
  });

  it("of the time zone hold for the list at once", async () => {
    const startMs = Date.UTC(2026, 10, 20, 7, 8, 9);
    await scene.exporter.send(http("http://a.example/at", { startMs }));
    const reader = await scene.read();
    await reader.sees("/at");
    await reader.page.keyboard.press("Control+k");
    await reader.page.keyboard.type("settings");
    await reader.page.getByRole("option", { name: /Settings/ }).click();
    await reader.page.getByRole("radio", { name: "UTC" }).check();
    await reader.row("07:08:09").waitFor();
  });
});

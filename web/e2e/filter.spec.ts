import { describe, expect, it } from "vitest";
import { http, tcp } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();

async function traffic(): Promise<void> {
  await scene.exporter.send(
    http("http://api.shop.example/cart", {
      method: "POST",
      response: { statusCode: 404 },
    }),
    http("http://api.shop.example/orders"),
    http("http://cdn.shop.example/logo", { response: { statusCode: 304 } }),
    tcp([[true, "EHLO a"]]),
  );
}

const option = (reader: Reader, text: string | RegExp) =>
  reader.page.getByRole("option").filter({ hasText: text });

describe("the filter box", () => {
  it("explains the query in words", async () => {
    await traffic();
    const reader = await scene.read();
    await reader.box.click();
    await reader.filters('~d "api\\\\.shop" & !~c 404');
    await reader.page
      .getByText(
        "Flows where the host matches \u201capi\\.shop\u201d and the status is not 404",
      )
      .waitFor();
    await reader.page.keyboard.press("Enter");
    await reader.sees("/orders");
    await reader.row("/cart").waitFor({ state: "detached" });
  });

  it("asks for the words as soon as it filters", async () => {
    await traffic();
    const reader = await scene.read();
    const { page } = reader;
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    const asked = page.waitForRequest(/ExplainFilter/);
    await reader.box.fill("~m POST");
    expect(new URL(page.url()).search).toBe("");
    await page.clock.runFor(5);
    expect(new URL(page.url()).searchParams.get("q")).toBe("~m POST");
    await asked;
  });

  it("colours what is an operator, an expression, a value and a connective", async () => {
    const reader = await scene.read("?q=(~d a | needle) !~c 4xx");
    const ink = (kind: string) => reader.page.locator(`.ink-${kind}`).allTextContents();
    await reader.page.locator(".ink-operator").first().waitFor();
    expect(await ink("operator")).toEqual(["~d", "~c"]);
    expect(await ink("regex")).toEqual(["a"]);
    expect(await ink("word")).toEqual(["needle"]);
    expect(await ink("value")).toEqual(["4xx"]);
    expect(await ink("connective")).toEqual(["|", "!"]);
    expect(await ink("paren")).toEqual(["(", ")"]);
    expect((await reader.page.locator(".ink").textContent()) ?? "").toBe(
      await reader.box.inputValue(),
    );
  });

  it("keeps the last valid filter when the text is invalid, and says where the error is", async () => {
    await traffic();
    const reader = await scene.read();
    await reader.filters("~m POST");
    await reader.row("/orders").waitFor({ state: "detached" });
    await reader.filters("~m POST & ~nope x");
    const alert = reader.page.getByRole("alert");
    await alert.getByText("no such operator").waitFor();
    expect(await alert.locator("mark").textContent()).toBe("~nope");
    await reader.sees("/cart");
  });

  it("completes operators and values from what has been captured", async () => {
    await traffic();
    const reader = await scene.read();
    await reader.box.click();
    await reader.page.keyboard.type("~dev");
    await option(reader, "~device").waitFor();
    // Nothing is chosen: Tab is the browser's.
    await reader.page.keyboard.press("Tab");
    expect(await reader.box.evaluate((box) => box === document.activeElement)).toBe(
      false,
    );
    await reader.filters("");
    await reader.box.click();
    await reader.page.keyboard.type("~d");
    await option(reader, "the host matches").waitFor();
    await reader.page.keyboard.press("ArrowDown");
    await reader.page.keyboard.press("Tab");
    await option(reader, "cdn.shop.example").waitFor();
    expect(await reader.box.inputValue()).toBe("~d ");
    await reader.page.keyboard.type("cdn");
    await reader.until(
      (only) => document.querySelectorAll("[role=option]").length === only,
      1,
    );
    await reader.page.keyboard.press("ArrowDown");
    await reader.page.keyboard.press("Enter");
    expect(await reader.box.inputValue()).toBe("~d cdn.shop.example ");
    await reader.sees("/logo");
    await reader.row("/orders").waitFor({ state: "detached" });
    // Methods of that host only.
    await reader.page.keyboard.type("~m ");
    await option(reader, "GET").waitFor();
    expect(await option(reader, "POST").count()).toBe(0);
  });

  it("completes URLs by hosts and paths that have been captured", async () => {
    await traffic();
    const reader = await scene.read();
    await reader.box.click();
    await reader.page.keyboard.type("~u ord");
    await option(reader, /^\S+\/orders$/).waitFor();
    await reader.page.keyboard.press("ArrowDown");
    await reader.page.keyboard.press("Enter");
    expect(await reader.box.inputValue()).toMatch(/^~u \S+\/orders $/);
    await reader.sees("/orders");
    await reader.row("/logo").waitFor({ state: "detached" });
  });

  it("closes completions by Esc, and by a second one clears the filter", async () => {
    await traffic();
    const reader = await scene.read();
    await reader.box.click();
    await reader.page.keyboard.type("~c ");
    await option(reader, "404").waitFor();
    expect(await reader.box.getAttribute("aria-expanded")).toBe("true");
    await reader.page.keyboard.press("Escape");
    await reader.page.getByRole("listbox").waitFor({ state: "detached" });
    expect(await reader.box.inputValue()).toBe("~c ");
    await reader.page.keyboard.press("Escape");
    expect(await reader.box.inputValue()).toBe("");
  });

  it("brings back filters that were used, by the arrow up in an empty box", async () => {
    await traffic();
    const reader = await scene.read();
    for (const filter of ["~m POST", "~c 304"]) {
      await reader.box.click();
      await reader.filters(filter);
      await reader.page.keyboard.press("Enter");
    }
    await reader.box.click();
    await reader.box.fill("");
    await option(reader, "used before").first().waitFor();
    for (const filter of ["~c 304", "~m POST"]) {
      await reader.page.keyboard.press("ArrowUp");
      expect(await reader.box.inputValue()).toBe(filter);
    }
    await reader.row("/orders").waitFor({ state: "detached" });
    await reader.sees("/cart");
  });

  it("brings back also one that was used before the completions had come", async () => {
    await traffic();
    let come = () => {};
    const coming = new Promise<void>((resolve) => {
      come = resolve;
    });
    await scene.context.route(/\/Completions[^/]*\.js$/, async (route) => {
      await coming;
      await route.continue();
    });
    const reader = await scene.read();
    await reader.box.click();
    await reader.filters("~m POST");
    await reader.page.keyboard.press("Enter");
    come();
    await reader.box.click();
    await reader.box.fill("");
    await option(reader, "used before").first().waitFor();
  });
});

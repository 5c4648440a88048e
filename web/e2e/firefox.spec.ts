import type { Page } from "puppeteer-core";
import { describe, expect, it } from "vitest";
import { body, fields, http, tcp } from "./harness/exporter";
import { FirefoxScene } from "./harness/firefox";

const scene = new FirefoxScene();

const rowOf = (page: Page, text: string) =>
  page.waitForSelector(`::-p-xpath(//*[@role="row" and contains(., "${text}")])`);

const says = (page: Page, text: string) =>
  page.waitForFunction(
    (needle) => {
      const textOf = (root: Element | ShadowRoot): string =>
        [...root.querySelectorAll("*")]
          .map(({ shadowRoot }) => (shadowRoot ? textOf(shadowRoot) : ""))
          .join("") + (root.textContent ?? "");
      const panel = document.querySelector("[role=tabpanel]");
      return panel !== null && textOf(panel).includes(needle);
    },
    {},
    text,
  );

describe("in Firefox", () => {
  it("shows flows as they come, of every type", async () => {
    const page = await scene.read();
    await page.waitForSelector("::-p-text(Nothing captured yet)");
    await scene.exporter.send(
      http("http://a.example/first?q=1"),
      tcp([[true, "EHLO a"]]),
    );
    await rowOf(page, "/first");
    await rowOf(page, "192.0.2.25:25");
  });

  it("finds flows by a filter, and marks one that is wrong", async () => {
    await scene.exporter.send(
      http("http://a.example/one"),
      http("http://b.example/two", { method: "POST" }),
    );
    const page = await scene.read();
    await rowOf(page, "/one");
    await page.keyboard.press("/");
    await page.keyboard.type("~m POST");
    await page.waitForFunction(
      () => document.querySelectorAll("[role=row][data-number]").length === 1,
    );
    await rowOf(page, "/two");
    await page.keyboard.type(" & (");
    await page.waitForSelector("[aria-invalid=true]");
    await rowOf(page, "/two");
  });

  it("opens a flow by keys, its body readable, and closes it", async () => {
    const response = {
      headerFields: fields(["Content-Type", "application/json"]),
      content: body('{"deep":{"quokka":1}}'),
    };
    await scene.exporter.send(http("http://a.example/json", { response }));
    const page = await scene.read();
    await rowOf(page, "/json");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await says(page, "quokka");
    expect(page.url()).toMatch(/[?&]flow=1\b/);
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.querySelector("[role=tabpanel]") === null);
  });

  it("reaches the first and the last of many flows", async () => {
    const flows = Array.from({ length: 3000 }, (_, i) =>
      http(`http://a.example/number-${i}-`),
    );
    await scene.exporter.send(...flows);
    const page = await scene.read();
    await rowOf(page, "/number-2999-");
    await page.focus("[role=grid]");
    await page.keyboard.press("End");
    await rowOf(page, "/number-0-");
    await page.keyboard.press("Home");
    await rowOf(page, "/number-2999-");
  });

  it("runs nothing that was captured", async () => {
    const evil = '<img src=x onerror="globalThis.pwned=1"><script>pwned=1</script>';
    await scene.exporter.send(
      http(`http://a.example/evil?${evil}`, {
        response: {
          headerFields: fields(["Content-Type", "text/html"], ["X-Evil", evil]),
          content: body(`${evil}<meta http-equiv=refresh content="0;url=//b.example/">`),
        },
      }),
    );
    const page = await scene.read();
    await (await rowOf(page, "/evil"))?.click();
    await says(page, "onerror");
    expect(await page.evaluate(() => "pwned" in globalThis)).toBe(false);
  });
});

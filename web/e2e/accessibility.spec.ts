import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch } from "./harness/browser";
import { body, Exporter, fields, http, tcp } from "./harness/exporter";
import { Reader } from "./harness/page";
import { Server } from "./harness/server";

const axe = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

let browser: Browser;
let server: Server;

beforeAll(async () => {
  browser = await launch();
  server = await Server.start();
});

afterAll(async () => {
  await browser?.close();
  await server?.remove();
});

interface Axe {
  run(): Promise<{
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  }>;
}

/* Runs axe as an extension would: past the page's policy, which bars it. */
async function wrongs(reader: Reader): Promise<string[]> {
  // What is about to be replaced is drawn fainter.
  await reader.page.locator("main:not(.loading)").waitFor();
  const session = await reader.page.context().newCDPSession(reader.page);
  await session.send("Runtime.evaluate", { expression: axe });
  const { violations } = await reader.page.evaluate(() =>
    (globalThis as unknown as { axe: Axe }).axe.run(),
  );
  await session.detach();
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`,
  );
}

describe.each(["light", "dark"] as const)(
  "in %s, nothing that axe finds wrong",
  (colorScheme) => {
    async function read(width = 1440): Promise<Reader> {
      const viewport = { width, height: 900 };
      // Rows that fade in are measured in mid-fade otherwise.
      const context = await browser.newContext({
        colorScheme,
        viewport,
        reducedMotion: "reduce",
      });
      const page = await context.newPage();
      await page.goto(server.url);
      return new Reader(page);
    }

    it("is in the empty page, the list, a flow or a dialog", async () => {
      const reader = await read();
      if (colorScheme === "light") {
        await reader.page.getByText("Nothing captured yet").waitFor();
        expect(await wrongs(reader)).toEqual([]);
        await reader.page.getByRole("radio", { name: "WireGuard" }).check();
        await reader.page.getByRole("textbox").last().fill("[Interface]");
        await reader.page.getByText("This is no client's configuration").waitFor();
        expect(await wrongs(reader)).toEqual([]);
        const json = fields(["Content-Type", "application/json"]);
        await new Exporter(server.url).send(
          ...[101, 200, 304, 404, 500].map((statusCode) =>
            http(`http://a.example/${statusCode}?q=1`, {
              response: {
                statusCode,
                headerFields: json,
                content: body('{"a":[1,"b",null]}'),
              },
            }),
          ),
          tcp([
            [true, "one"],
            [false, "two"],
          ]),
        );
      }
      await reader.sees("/404");
      expect(await wrongs(reader)).toEqual([]);
      await reader.filters("~nope");
      await reader.page.getByRole("alert").waitFor();
      expect(await wrongs(reader)).toEqual([]);
      await reader.filters("");
      await reader.opens("/404");
      for (const tab of ["Response", "Overview", "Connection", "Note"]) {
        await reader.tab(tab);
        expect(await wrongs(reader)).toEqual([]);
      }
      await reader.opens("192.0.2.25");
      expect(await wrongs(reader)).toEqual([]);
      await reader.page.getByRole("button", { name: "Delete" }).click();
      expect(await wrongs(reader)).toEqual([]);
      await reader.page.context().close();
    });

    it("is in the timeline and in what stands beside the list", async () => {
      const reader = await read();
      await reader.sees("/404");
      for (const panel of ["statistics", "tree", "proxies"]) {
        await reader.page.goto(`${server.url}/?panel=${panel}`);
        await reader.page.locator(".stat, .tree-line, .proxy").first().waitFor();
        await reader.page.getByRole("slider", { name: "Times shown" }).waitFor();
        expect(await wrongs(reader)).toEqual([]);
      }
      await reader.page.context().close();
    });

    it("is in a command, a chip, a view, or the completions of the filter", async () => {
      const reader = await read();
      await reader.sees("/404");
      const looksAt = async (open: () => Promise<void>, shown: string) => {
        await open();
        await reader.page.locator(shown).first().waitFor();
        expect(await wrongs(reader)).toEqual([]);
        await reader.page.keyboard.press("Escape");
      };
      const click = (name: string) => () =>
        reader.page
          .locator("header, .bar")
          .getByRole("button", { name, exact: true })
          .click();
      const complete = async () => {
        await reader.box.focus();
        await reader.page.keyboard.type("~c ");
        // The list is fainter until the answer.
        await reader.page.locator("input[aria-invalid=true]").waitFor();
      };
      await looksAt(complete, ".completions");
      await reader.filters("");
      await reader.sees("/404");
      await looksAt(() => reader.page.keyboard.press("Control+k"), ".palette");
      await looksAt(() => reader.page.keyboard.press("?"), ".help-dialog code");
      await looksAt(click("More"), ".menu");
      await looksAt(click("Status"), ".choices label");
      await looksAt(click("Time"), ".popover");
      await looksAt(click("Views"), ".popover");
      await looksAt(click("Highlight"), ".popover");
      await reader.page.context().close();
    });

    it("is on a phone", async () => {
      const reader = await read(390);
      await reader.sees("/404");
      expect(await wrongs(reader)).toEqual([]);
      await reader.opens("/404");
      expect(await wrongs(reader)).toEqual([]);
      await reader.page.context().close();
    });
  },
);

import { gzipSync } from "node:zlib";
import type { Route } from "playwright-core";
import { describe, expect, it } from "vitest";
import { body, fields, http } from "./harness/exporter";
import { Keys } from "./harness/keys";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();

async function read(search = ""): Promise<{ reader: Reader; keys: Keys }> {
  const reader = await scene.read(search);
  return { reader, keys: new Keys(reader.page) };
}

/* As a reader does who came to it by keys. */
async function presses(reader: Reader, name: string | RegExp): Promise<void> {
  const button = reader.page.getByRole("button", { name, exact: true });
  await button.focus();
  await button.press("Enter");
}

const inText = (reader: Reader) =>
  expect
    .poll(() =>
      reader.page.evaluate(() =>
        document.activeElement?.shadowRoot?.activeElement?.getAttribute("aria-label"),
      ),
    )
    .toBe("Text of the body");

const text = (content: string | Buffer, more: [string, string][] = []) => ({
  response: {
    headerFields: fields(["content-type", "text/plain"], ...more),
    ...(typeof content === "string"
      ? { content: body(content) }
      : { rawContent: content }),
  },
});

describe("The focus goes on from a button that is gone once it was pressed", () => {
  it("to the first of the headers that it showed", async () => {
    const headers = Array.from({ length: 202 }, (_, i): [string, string] => [
      `X-${i}`,
      "v",
    ]);
    await scene.exporter.send(http("http://a.example/", { headers }));
    const { reader, keys } = await read("?flow=1&tab=request");
    await presses(reader, "Show all");
    await keys.hasFocus("button Copy the value of X-200");
  });

  it("to the first of the parameters that it showed", async () => {
    const query = Array.from({ length: 102 }, (_, i) => `p${i}=v`).join("&");
    await scene.exporter.send(http(`http://a.example/?${query}`));
    const { reader, keys } = await read("?flow=1&tab=request");
    await presses(reader, "Show all");
    await keys.hasFocus("button Copy the value of p100");
  });

  it("to the value that it showed whole", async () => {
    await scene.exporter.send(
      http("http://a.example/", { headers: [["X-Long", "v".repeat(9000)]] }),
    );
    const { reader, keys } = await read("?flow=1&tab=request");
    await presses(reader, /^Show all 9/);
    await keys.hasFocus(/^bdi v+$/);
  });

  it("to the address of a flow that it showed whole", async () => {
    const long = `http://a.example/${"way/".repeat(600)}`;
    await scene.exporter.send(http("http://a.example/short"), http(long));
    const { reader, keys } = await read("?flow=2&tab=overview");
    const address = reader.panel.getByText("GET http://a.example/way/");
    const heightOf = async () => (await address.boundingBox())?.height ?? 0;
    const cut = await heightOf();
    expect(cut).toBeLessThan(100);
    // What is out of sight is copied, by whichever way.
    expect(await address.evaluate((el) => el.textContent)).toBe(`GET ${long}`);
    await scene.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await presses(reader, "Copy the URL");
    await reader.page.getByText("Copied: the URL").waitFor();
    expect(await reader.page.evaluate(() => navigator.clipboard.readText())).toBe(long);
    await keys.to("button", /^Show all 2/, "Shift+Tab");
    await keys.press("Enter");
    await keys.hasFocus(/^bdi GET http/);
    expect(await heightOf()).toBeGreaterThan(2 * cut);
    // Another flow's is short again, and has nothing to be shown.
    await reader.opens("/short");
    await reader.panel.getByText("GET http://a.example/short").waitFor();
    expect(await reader.panel.getByRole("button", { name: /^Show all/ }).count()).toBe(0);
  });

  it("to the first of the hosts that it showed", async () => {
    const hosts = Array.from({ length: 8 }, (_, i) => http(`http://h${i}.example/`));
    await scene.exporter.send(...hosts);
    const { reader } = await read("?panel=statistics");
    await presses(reader, "2 more");
    const seventh = reader.page
      .getByRole("region", { name: "Hosts", exact: true })
      .getByRole("listitem")
      .nth(6)
      .getByRole("button");
    await expect
      .poll(() => seventh.evaluate((button) => button === document.activeElement))
      .toBe(true);
  });

  it("to the list that it brought back", async () => {
    await scene.exporter.send(http("http://a.example/one"));
    const { reader, keys } = await read("?q=nowhere");
    await presses(reader, "Show all flows");
    await reader.sees("/one");
    await keys.hasFocus("grid Captured flows");
  });

  it("to the rest of a body, and while that comes it can be cancelled", async () => {
    await scene.exporter.send(http("http://a.example/", text("line\n".repeat(600_000))));
    const { reader, keys } = await read("?flow=1&tab=response");
    await reader.panel.locator(".text-view[aria-busy=false]").waitFor();
    const held: Route[] = [];
    await scene.context.route(/GetBody/, (route) => {
      held.push(route);
    });
    await presses(reader, "Show all");
    await keys.hasFocus("button Cancel");
    await keys.press("Enter");
    await keys.hasFocus("button Show all");
    await keys.press("Enter");
    await keys.hasFocus("button Cancel");
    await scene.context.unroute(/GetBody/);
    for (const route of held) await route.continue().catch(() => {});
    await inText(reader);
  });

  it("back to it, where the body has to come anew", async () => {
    const { exporter } = scene;
    const zipped = gzipSync("hello");
    await exporter.send(
      http("http://a.example/", text(zipped, [["content-encoding", "gzip"]])),
    );
    const { reader, keys } = await read("?flow=1&tab=response");
    await presses(reader, "On the wire");
    await reader.panel.getByText("1f 8b").waitFor();
    await keys.hasFocus("button On the wire");
  });

  it("to the flow that it asked for again", async () => {
    await scene.exporter.send(http("http://a.example/one", text("hello")));
    await scene.context.route(/GetFlow/, (route) => route.fulfill({ status: 500 }));
    const { reader } = await read("?flow=1&tab=response");
    const again = reader.page.getByRole("button", { name: "Try again" });
    await again.focus();
    await scene.context.unroute(/GetFlow/);
    await again.press("Enter");
    await reader.panel.getByText("hello").waitFor();
    await expect
      .poll(() => reader.panel.evaluate((panel) => panel === document.activeElement))
      .toBe(true);
  });

  it.each(["granted", "denied"])(
    "to the filter of a new alert once notifications are %s",
    async (answer) => {
      await scene.context.addInitScript((said) => {
        const fake = {
          permission: "default",
          requestPermission: async () => {
            fake.permission = said;
            return said;
          },
        };
        Object.assign(globalThis, { Notification: fake });
      }, answer);
      const { reader, keys } = await read();
      await keys.command("Alerts");
      await presses(reader, "Let the browser show them, too");
      await keys.hasFocus("input Filter of a new alert");
    },
  );

  it("and a note's stays at Save, and goes between its text and Edit", async () => {
    await scene.exporter.send(http("http://a.example/one"));
    const { reader, keys } = await read("?flow=1&tab=note");
    await keys.to("textbox", "Note");
    await keys.press("Escape");
    await keys.hasFocus("tab Note");
    await keys.to("textbox", "Note");
    await keys.type("odd");
    await keys.press("Tab");
    await keys.hasFocus("button Save");
    await keys.press("Enter");
    // The server's word of it moves nothing.
    await reader.row("/one").getByRole("img", { name: "has a note" }).waitFor();
    await keys.hasFocus("button Save");
    await keys.press("Shift+Tab", "Escape");
    await keys.hasFocus("button Edit");
    await keys.press("Enter");
    await keys.hasFocus("textarea Note");
  });
});

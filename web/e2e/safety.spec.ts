import { describe, expect, it } from "vitest";
import { EventType } from "../src/gen/mitmproxy/v1/mitmproxy_pb";
import { body, fields, http, tcp } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();
const read = (search?: string) => scene.read(search);

// Each would set `pwned`, or ask evil.example for something, if it ever ran.
const markup =
  `"'><script>pwned=1</script><img src=http://evil.example/x onerror=pwned=1>` +
  `<svg onload=pwned=1><iframe src="javascript:parent.pwned=1"></iframe>` +
  `<style>@import "http://evil.example/c"</style><a href="javascript:pwned=1">go</a>`;

async function untouched(reader: Reader): Promise<void> {
  expect(await scene.guard.ran(reader.page)).toBe(false);
  const live = await reader.page
    .locator(
      "script:not([src^='/assets/'], [src='/theme.js']), iframe, object, embed, style, base, a[href], #root svg script",
    )
    .count();
  expect(live).toBe(0);
  const images = await reader.page
    .locator("img")
    .evaluateAll((all) => all.map((img) => (img as HTMLImageElement).src.slice(0, 5)));
  expect(images.every((src) => src === "blob:")).toBe(true);
}

describe("hostile flows", () => {
  it("would be noticed if they ran or fetched anything", async () => {
    const reader = await read();
    await reader.page.evaluate(() => {
      const image = document.createElement("img");
      image.src = "http://evil.example/x";
      const script = document.createElement("script");
      script.textContent = "pwned=1";
      document.body.append(image, script);
    });
    await reader.page.waitForFunction(() => document.images[0]?.complete);
    expect(await scene.guard.ran(reader.page)).toBe(false);
    await expect.poll(() => scene.guard.wrongs.join()).toMatch(/img-src.*script-src/s);
    scene.guard.wrongs.length = 0;
    await reader.page.evaluate(() => Object.assign(globalThis, { pwned: 1 }));
    expect(await scene.guard.ran(reader.page)).toBe(true);
  });

  it("markup in every part of a flow is drawn as text", async () => {
    await scene.exporter.send(
      http(`http://evil.example/${markup}?${markup}#${markup}`, {
        method: `G<img src=x onerror=pwned=1>`,
        headers: [
          [`X-${markup}`, markup],
          ["Host", markup],
        ],
        content: markup,
        response: {
          reason: markup,
          httpVersion: markup,
          headerFields: fields(["Content-Type", "text/html"], [markup, markup]),
          content: body(`<!doctype html><html><body>${markup}</body></html>`),
        },
        more: {
          error: markup,
          client: { sni: markup, tls: true, cipher: markup },
        } as object,
      }),
    );
    const reader = await read();
    await reader.opens("evil.example");
    await reader.page.keyboard.press("n");
    await reader.page.getByRole("textbox", { name: "Note" }).fill(markup);
    await reader.page.getByRole("button", { name: "Save" }).click();
    for (const tab of ["Overview", "Request", "Response", "Connection", "Note"]) {
      await reader.tab(tab);
      await untouched(reader);
    }
    await reader.tab("Response");
    await reader.page.getByRole("button", { name: "Hex" }).click();
    await untouched(reader);
    const shown = await reader.page.locator(".url").textContent();
    expect(shown).toContain("<script>pwned=1</script>");
    expect(await reader.page.title()).toBe("mitmflow");
  });

  it.each([
    "javascript:pwned=1",
    "data:text/html,<script>pwned=1</script>",
    "//evil.example/x",
  ])("a URL such as %s is no link", async (url) => {
    await scene.exporter.send(http(url, { response: { content: body("ok") } }));
    const reader = await read();
    await reader.opens(url.split("?")[0]?.slice(-12) ?? "");
    await untouched(reader);
    await reader.page.locator(".url").click();
    await untouched(reader);
  });

  it("SVG, and what only says that it is an image, is text", async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>pwned=1</script><image href="http://evil.example/i"/></svg>`;
    const as = (type: string, text: string) => ({
      response: { headerFields: fields(["Content-Type", type]), content: body(text) },
    });
    await scene.exporter.send(
      http("http://evil.example/a.svg", as("image/svg+xml", svg)),
      http("http://evil.example/b.png", as("image/png", svg)),
    );
    const reader = await read();
    for (const name of ["a.svg", "b.png"]) {
      await reader.opens(name);
      await reader.page.getByRole("button", { name: "Raw" }).click();
      await reader.page
        .locator(".cm-line", { hasText: "<script>pwned=1</script>" })
        .waitFor();
      expect(await reader.page.locator("img").count()).toBe(0);
      await untouched(reader);
    }
  });

  it("an image is drawn from its own bytes", async () => {
    const png = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    );
    await scene.exporter.send(
      http("http://a.example/dot", { response: { content: png } }),
    );
    const reader = await read();
    await reader.opens("/dot");
    await reader.page.getByText("1 \u00d7 1").waitFor();
    await untouched(reader);
  });

  it("messages are text, and direction marks cannot turn them round", async () => {
    await scene.exporter.send(
      tcp([
        [true, markup],
        [false, "safe\u202efdp.exe"],
      ]),
      http("http://a.example/\u202egpj.exe"),
    );
    const reader = await read();
    await reader.opens("192.0.2.25:25");
    await reader.panel.getByText("safe\u27e8U+202E\u27e9fdp.exe").waitFor();
    await untouched(reader);
    await reader.sees("/\u27e8U+202E\u27e9gpj.exe");
  });

  it("joiners are spelt out of a body, but where its letters need them", async () => {
    const words = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645";
    await scene.exporter.send(
      http("http://a.example/joined", {
        response: {
          headerFields: fields(["content-type", "text/plain; charset=utf-8"]),
          content: body(`${words}, pay\u200cpal`),
        },
      }),
    );
    const reader = await scene.read();
    await reader.opens("/joined");
    const line = reader.panel.locator(".cm-line");
    expect(await line.textContent()).toBe(`${words}, pay\u27e8U+200C\u27e9pal`);
    expect(await line.locator(".cm-specialChar").count()).toBe(1);
  });

  it("odd ids are data", async () => {
    for (const id of [
      "../../etc/passwd",
      "a/b?c#d",
      "<img src=x onerror=pwned=1>",
      "x".repeat(4000),
    ]) {
      await scene.exporter.send(
        http("http://a.example/odd", { more: { id }, event: EventType.RESPONSE }),
      );
    }
    const reader = await read();
    await reader.sees("/odd");
    const rows = reader.row("/odd");
    expect(await rows.count()).toBe(4);
    for (let i = 0; i < 4; i++) {
      await rows.nth(i).click();
      await reader.tab("Overview");
      await reader.panel.getByText("GET http://a.example/odd").waitFor();
      await untouched(reader);
    }
  });
});

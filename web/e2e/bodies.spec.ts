import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { fields, http } from "./harness/exporter";
import { Scene } from "./harness/scene";

const scene = new Scene({
  viewport: { width: 1440, height: 900 },
  permissions: ["clipboard-read", "clipboard-write"],
});

// Field 1 is "quokka", field 2 is 150, in one frame of gRPC.
const message = [0x0a, 6, ...new TextEncoder().encode("quokka"), 0x10, 0x96, 0x01];
const frame = new Uint8Array([0, 0, 0, 0, message.length, ...message]);

const grpc = () =>
  http("http://a.example/shop.Shop/Find", {
    method: "POST",
    response: {
      headerFields: fields(["content-type", "application/grpc"]),
      content: frame,
    },
  });

describe("what a body says", () => {
  it("shows the fields of a gRPC message without its types", async () => {
    await scene.exporter.send(grpc());
    const reader = await scene.read();
    await reader.opens("/shop.Shop/Find");
    await reader.tab("Response");
    await reader.panel.getByRole("button", { name: "Decoded", pressed: true }).waitFor();
    await reader.panel.getByText("quokka").waitFor();
    await reader.panel.getByText("150", { exact: true }).waitFor();
    await reader.panel.getByRole("button", { name: "Hex" }).click();
    await reader.panel.getByText("150", { exact: true }).waitFor({ state: "detached" });
  });

  it("shows text in fields as text, whatever it looks like", async () => {
    await scene.exporter.send(
      http("http://a.example/form", {
        method: "POST",
        headers: [["content-type", "application/x-www-form-urlencoded"]],
        content: "a=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&b=2",
      }),
    );
    const reader = await scene.read();
    await reader.opens("/form");
    await reader.tab("Request");
    await reader.panel.getByText("<img src=x onerror=alert(1)>").waitFor();
    expect(await reader.panel.locator("img").count()).toBe(0);
  });
});

describe("taking flows away", () => {
  it("copies a flow as cURL", async () => {
    await scene.exporter.send(http("http://a.example/it's", { headers: [["x", "1"]] }));
    const reader = await scene.read();
    await reader.opens("/it's");
    await reader.page.getByRole("button", { name: "Copy…" }).click();
    await reader.page.getByRole("menuitem", { name: "cURL" }).click();
    await reader.page.getByText("cURL copied").waitFor();
    const copied = await reader.page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain("--url 'http://a.example/it'\\''s'");
    expect(copied).toContain("-H 'x: 1'");
  });

  it("says when a flow has no such form", async () => {
    await scene.exporter.send(http("http://a.example/unanswered", { response: null }));
    const reader = await scene.read();
    await reader.opens("/unanswered");
    await reader.page.getByRole("button", { name: "Copy…" }).click();
    await reader.page.getByRole("menuitem", { name: "Raw response" }).click();
    await reader.page.getByText("This flow cannot be said as Raw response.").waitFor();
  });

  it("saves the flows that the filter takes as HAR", async () => {
    await scene.exporter.send(
      http("http://a.example/wanted"),
      http("http://b.example/other"),
    );
    const reader = await scene.read("?q=~d+a.example");
    await reader.sees("/wanted");
    await reader.page.getByRole("button", { name: "Export" }).click();
    const saved = reader.page.waitForEvent("download");
    await reader.page.getByRole("link", { name: "HAR" }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toMatch(/\.har$/);
    const har = JSON.parse(await readFile(await download.path(), "utf8"));
    const urls = har.log.entries.map((e: { request: { url: string } }) => e.request.url);
    expect(urls).toEqual(["http://a.example/wanted"]);
  });
});

import { describe, it } from "vitest";
import { http } from "./harness/exporter";
import { Scene } from "./harness/scene";

const scene = new Scene();

describe("a second filter", () => {
  it("highlights without hiding, also flows that come later, and is in the URL", async () => {
    await scene.exporter.send(
      http("http://a.example/get"),
      http("http://a.example/post", { method: "POST" }),
    );
    const reader = await scene.read();
    await reader.page.getByRole("button", { name: "Highlight", exact: true }).click();
    await reader.page.getByLabel("Flows to highlight").fill("~m POST");
    const marked = (text: string) =>
      reader.page.locator(".row.is-marked", { hasText: text }).waitFor();
    await marked("/post");
    await reader.page.locator(".row:not(.is-marked)", { hasText: "/get" }).waitFor();
    await scene.exporter.send(http("http://a.example/later", { method: "POST" }));
    await marked("/later");
    const other = await scene.read(new URL(reader.page.url()).search);
    await other.page.locator(".row.is-marked", { hasText: "/post" }).waitFor();
    await reader.page.getByRole("button", { name: "Clear Highlight" }).click();
    await reader.page.locator(".row:not(.is-marked)", { hasText: "/post" }).waitFor();
  });

  it("that is wrong says where, and changes nothing", async () => {
    await scene.exporter.send(http("http://a.example/post", { method: "POST" }));
    const reader = await scene.read("?h=~m POST");
    await reader.page.locator(".row.is-marked", { hasText: "/post" }).waitFor();
    await reader.page.getByRole("button", { name: "Highlight: ~m POST" }).click();
    await reader.page.getByLabel("Flows to highlight").fill("~m POST & ~nope");
    await reader.page.getByRole("alert").getByText("no such operator").waitFor();
    await reader.page.locator(".row.is-marked", { hasText: "/post" }).waitFor();
  });
});

import { describe, expect, it } from "vitest";
import { http } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();

const button = (reader: Reader, name: string) =>
  reader.page.getByRole("button", { name, exact: true });

describe("saved views", () => {
  it("keep the filter under a name that is in the URL", async () => {
    await scene.exporter.send(
      http("http://a.example/get"),
      http("http://a.example/post", { method: "POST" }),
    );
    const reader = await scene.read("?q=~m POST");
    await reader.sees("/post");
    await button(reader, "Views").click();
    await reader.page.getByLabel("Name of the view").fill("writes");
    await button(reader, "Save").click();
    await reader.until((view) => location.search.includes(view), "view=writes");
    await reader.page.keyboard.press("Escape");
    await reader.filters("~m GET");
    await reader.row("/get").waitFor();
    await reader.page.getByRole("button", { name: "writes (changed)" }).click();
    await reader.page
      .getByRole("list", { name: "Saved views" })
      .getByText("writes")
      .click();
    await reader.row("/get").waitFor({ state: "detached" });
    await reader.sees("/post");
    // Who does not have the view sees the same.
    const link = new URL(reader.page.url()).search;
    await reader.page.evaluate(() => localStorage.clear());
    const other = await scene.read(link);
    await other.sees("/post");
    expect(await other.row("/get").count()).toBe(0);
    await button(other, "writes").waitFor();
  });

  it("keep the columns of the list, too", async () => {
    await scene.exporter.send(http("http://a.example/get"));
    const reader = await scene.read();
    await reader.sees("/get");
    const host = reader.page.getByRole("columnheader", { name: "Host" });
    const turnHost = async () => {
      await button(reader, "Columns").click();
      await reader.page.getByRole("checkbox", { name: "Host" }).click();
      await button(reader, "Done").click();
    };
    await turnHost();
    await host.waitFor({ state: "detached" });
    await button(reader, "Views").click();
    await reader.page.getByLabel("Name of the view").fill("no hosts");
    await button(reader, "Save").click();
    await button(reader, "no hosts").first().waitFor();
    await reader.page.keyboard.press("Escape");
    await turnHost();
    await host.waitFor();
    await reader.page.getByRole("button", { name: "no hosts (changed)" }).click();
    await reader.page
      .getByRole("list", { name: "Saved views" })
      .getByText("no hosts")
      .click();
    await host.waitFor({ state: "detached" });
  });

  it("are renamed, removed, and handed on as text", async () => {
    const reader = await scene.read("?q=~e");
    await button(reader, "Views").click();
    await reader.page.getByLabel("Name of the view").fill("broken");
    await button(reader, "Save").click();
    await button(reader, "Rename broken").click();
    await reader.page.getByLabel("New name of broken").fill("failed");
    await reader.page.keyboard.press("Enter");
    await button(reader, "Remove failed").waitFor();
    await button(reader, "Export or import as text").click();
    const field = reader.page.getByLabel("Views as JSON");
    const text = await field.inputValue();
    expect(JSON.parse(text)).toMatchObject([{ name: "failed", search: "?q=%7Ee" }]);
    await button(reader, "Remove failed").click();
    await button(reader, "Remove failed").waitFor({ state: "detached" });
    await field.fill(text.replace("failed", "again"));
    await button(reader, "Import").click();
    await button(reader, "Remove again").waitFor();
  });
});

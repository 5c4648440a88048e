import { describe, expect, it } from "vitest";
import { http } from "./harness/exporter";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();

async function addAlert(reader: Reader, filter: string): Promise<void> {
  await reader.page.keyboard.press("Control+k");
  await reader.page.getByRole("combobox", { name: "Find a command" }).fill("alerts");
  await reader.page.keyboard.press("Enter");
  await reader.page.getByLabel("Filter of a new alert").fill(filter);
  await reader.page.getByRole("button", { name: "Add", exact: true }).click();
  await reader.page.getByRole("button", { name: `Remove ${filter}` }).waitFor();
}

describe("a watch expression", () => {
  it("tells of new flows in the page, without asking for anything unasked", async () => {
    await scene.exporter.send(http("http://a.example/before", { method: "POST" }));
    const reader = await scene.read();
    await addAlert(reader, "~m POST");
    expect(await reader.page.evaluate(() => Notification.permission)).not.toBe("granted");
    await reader.page.getByRole("button", { name: "Close" }).click();
    await expect
      .poll(async () => {
        await scene.exporter.send(http("http://a.example/later", { method: "POST" }));
        return reader.page.locator(".notice").allTextContents();
      })
      .not.toEqual([]);
    const [notice] = await reader.page.locator(".notice").allTextContents();
    expect(notice).toMatch(/^Matches ~m POST: .*POST a\.example\/later$/);
  });

  it("raises a notification of the browser where its reader allows that", async () => {
    await scene.context.grantPermissions(["notifications"], { origin: scene.server.url });
    await scene.context.addInitScript(() => {
      const shown: string[] = [];
      Object.assign(globalThis, { shown });
      class Fake {
        static permission = "granted";
        constructor(title: string, { body }: { body: string }) {
          shown.push(`${title}: ${body}`);
        }
      }
      Object.assign(globalThis, { Notification: Fake });
    });
    const reader = await scene.read();
    await addAlert(reader, "~c 500");
    await expect
      .poll(async () => {
        await scene.exporter.send(
          http("http://a.example/broken", { response: { statusCode: 500 } }),
        );
        return reader.page.evaluate(() => (globalThis as { shown?: string[] }).shown);
      })
      .not.toEqual([]);
    expect(await reader.page.locator(".notice").count()).toBe(0);
  });
});

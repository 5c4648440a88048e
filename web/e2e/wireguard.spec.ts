import { describe, expect, it } from "vitest";
import type { Reader } from "./harness/page";
import { Scene } from "./harness/scene";

const scene = new Scene();

const secret = `${"k".repeat(43)}=`;
const conf = `[Interface]
PrivateKey = ${secret}
Address = 10.0.0.1/32
DNS = 10.0.0.53

[Peer]
PublicKey = ${"p".repeat(43)}=
AllowedIPs = 0.0.0.0/0
Endpoint = 192.0.2.4:51821
`;

async function atWireGuard(): Promise<Reader> {
  const reader = await scene.read();
  await reader.page.getByRole("radio", { name: "WireGuard" }).check();
  await reader.page.getByRole("region", { name: "QR code for a phone" }).waitFor();
  return reader;
}

const field = (reader: Reader) =>
  reader.page.getByRole("textbox", { name: "the client's configuration" });
const code = (reader: Reader) =>
  reader.page.getByRole("img", { name: "QR code of the client's configuration" });

describe("the QR code of a WireGuard client", () => {
  it.each(["light", "dark"] as const)(
    "is drawn dark on white within its quiet zone, on a phone in %s",
    async (colorScheme) => {
      const reader = await atWireGuard();
      const { page } = reader;
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 390, height: 844 });
      await field(reader).fill(conf);
      await code(reader).waitFor();
      const drawn = await code(reader).evaluate((svg: Element) => {
        const [light, dark] = svg.querySelectorAll("path") as NodeListOf<SVGPathElement>;
        const box = dark?.getBBox();
        return {
          colors: [light, dark].map((path) => path && getComputedStyle(path).fill),
          size: (svg as SVGSVGElement).viewBox.baseVal.width,
          dark: box && [box.x, box.y, box.width, box.height],
          modules: dark?.getAttribute("d")?.split("z").length ?? 0,
          isSeen: svg.getBoundingClientRect().right <= innerWidth,
          isWide: document.documentElement.scrollWidth > innerWidth,
        };
      });
      expect(drawn.colors).toEqual(["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
      expect(drawn.dark).toEqual([4, 4, drawn.size - 8, drawn.size - 8]);
      // What is not border is dark to about a half.
      expect(drawn.modules).toBeGreaterThan((drawn.size - 8) ** 2 / 3);
      expect([drawn.isSeen, drawn.isWide]).toEqual([true, false]);
    },
  );

  it("leaves the page by no request, and stays nowhere", async () => {
    const reader = await atWireGuard();
    const { page } = reader;
    const asked: string[] = [];
    scene.context.on("request", (request) => asked.push(request.url()));
    await field(reader).fill(conf);
    await code(reader).waitFor();
    await page.getByRole("radio", { name: "Regular" }).check();
    await page.getByRole("radio", { name: "WireGuard" }).check();
    expect(await field(reader).inputValue()).toBe("");
    const kept = await page.evaluate(async () => [
      location.href,
      JSON.stringify([history.state, { ...localStorage }, { ...sessionStorage }]),
      document.cookie,
      JSON.stringify([await indexedDB.databases(), await caches.keys()]),
    ]);
    expect(kept.join()).not.toContain(secret.slice(0, 8));
    expect(kept[3]).toBe("[[],[]]");
    expect(asked).toEqual([]);
  });

  it("is taken from a file, too", async () => {
    const reader = await atWireGuard();
    await reader.page.getByLabel("or choose its file").setInputFiles({
      name: "phone.conf",
      mimeType: "text/plain",
      buffer: Buffer.from(conf),
    });
    await code(reader).waitFor();
  });

  it.each([
    ["the file of mitmproxy's own keys", '{"server_key": "a", "client_key": "b"}'],
    ["one without an endpoint", conf.replace(/^Endpoint.*$/m, "")],
  ])("is not drawn of %s, and the page says so", async (_, text) => {
    const reader = await atWireGuard();
    await field(reader).fill(text);
    await reader.page.getByText("This is no client's configuration").waitFor();
    expect(await code(reader).count()).toBe(0);
  });

  it("is not drawn of more than a code can hold, and the page says so", async () => {
    const reader = await atWireGuard();
    await field(reader).fill(`${conf}AllowedIPs = ${"192.0.2.0/24,".repeat(300)}`);
    await reader.page.getByText("A QR code cannot hold so much").waitFor();
    expect(await code(reader).count()).toBe(0);
    await field(reader).fill(conf);
    await code(reader).waitFor();
  });
});

import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { PNG } from "pngjs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "vitest";
import { EventType } from "../src/gen/mitmproxy/v1/mitmproxy_pb";
import { launch } from "./harness/browser";
import { day, dnsAnswer, traffic, webSocket } from "./harness/day";
import { body, connection, Exporter, fields, http } from "./harness/exporter";
import { Reader } from "./harness/page";
import { looksAs } from "./harness/picture";
import { recorded } from "./harness/samples";
import { Server } from "./harness/server";

const desk = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
const descriptors = fileURLToPath(
  new URL("../../tests/golden/decode/rpc/shop.binpb", import.meta.url),
);

/* An image of 480 by 300 pixels in which any part is known by its colour. */
function waves(): Uint8Array {
  const image = new PNG({ width: 480, height: 300 });
  for (let at = 0; at < image.width * image.height; at++) {
    const x = at % image.width;
    const y = Math.floor(at / image.width);
    const height = Math.round(110 + 60 * Math.sin(x / 60));
    image.data.set(
      y < height ? [250, 214, 165, 255] : [28, 82, 125 + (y >> 2), 255],
      4 * at,
    );
  }
  return PNG.sync.write(image);
}

// What looks like nothing that is known.
const bytes = Uint8Array.from({ length: 2000 }, (_, i) => (i * i * 7 + i) & 0xff);

const html = `<!doctype html><html><head><title>Shop</title>
<meta http-equiv="refresh" content="0;url=https://elsewhere.example/"></head>
<body><h1>Shoes</h1><p class="lead">All that <b>walks</b>.</p>
<script>location = "https://elsewhere.example/"</script></body></html>`;

let browser: Browser;
let server: Server;
let exporter: Exporter;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  server = await Server.start();
  exporter = new Exporter(server.url);
});
afterEach(() => server.remove());

/* The page of a reader for whom it is the evening of the day of the flows. */
async function read(search = "", options: BrowserContextOptions = {}): Promise<Reader> {
  const context = await browser.newContext({
    viewport: desk,
    colorScheme: "light",
    reducedMotion: "reduce",
    timezoneId: "UTC",
    locale: "en-GB",
    ...options,
  });
  const page = await context.newPage();
  await page.clock.setFixedTime(day.evening);
  await page.goto(`${server.url}/${search}`);
  const reader = new Reader(page);
  await reader.isLive();
  return reader;
}

async function pictured(reader: Reader, name: string): Promise<void> {
  await looksAs(reader.page, name);
  await reader.page.context().close();
}

const answer = (type: string, content: Uint8Array) => ({
  headerFields: fields(["content-type", type], ["date", "Mon, 23 Nov 2026 10:01:44 GMT"]),
  content,
});

const get = (path: string, type: string, content: Uint8Array | string) =>
  http(`https://shop.example${path}`, {
    startMs: day.morning,
    response: answer(type, typeof content === "string" ? body(content) : content),
  });

describe("the page looks as it should", () => {
  it("while it is empty", async () => {
    const reader = await read();
    await reader.page.getByText("Nothing captured yet").waitFor();
    await pictured(reader, "empty");
  });

  it.each(["light", "dark"] as const)(
    "with a list at work, in %s",
    async (colorScheme) => {
      await exporter.send(...traffic());
      const reader = await read("", { colorScheme });
      await reader.sees("/v2/cart");
      await pictured(reader, `list-${colorScheme}`);
    },
  );

  it("while a span of the timeline is dragged", async () => {
    await exporter.send(...traffic());
    const reader = await read();
    const plot = reader.page.getByRole("slider", { name: "Times shown" });
    await plot.waitFor();
    await reader.page.locator(".timeline:not([aria-busy=true])").waitFor();
    const box = await plot.boundingBox();
    if (!box) throw new Error("the timeline is not drawn");
    const { mouse } = reader.page;
    await mouse.move(box.x + 500, box.y + 20);
    await mouse.down();
    await mouse.move(box.x + 900, box.y + 24, { steps: 4 });
    await reader.page.getByText(/: \d+ flows, \d+ with errors/).waitFor();
    await looksAs(reader.page, "timeline-drag");
    await mouse.up();
    await reader.page.waitForURL(/q=.*time/);
    await reader.page.locator("main:not(.loading)").waitFor();
    await mouse.move(box.x + 700, box.y + 400);
    await pictured(reader, "timeline-range");
  });

  it("with a filter that is wrong", async () => {
    await exporter.send(...traffic());
    const reader = await read();
    await reader.sees("/v2/cart");
    await reader.filters("~d shop & (~c 5xx");
    await reader.page.getByRole("alert").waitFor();
    await pictured(reader, "filter-fault");
  });

  it.each([
    ["json", get("/v2/orders", "application/json", day.json)],
    ["html", get("/index.html", "text/html; charset=utf-8", html)],
    ["image", get("/img/waves.png", "image/png", waves())],
    ["hex", get("/blob", "application/octet-stream", bytes)],
    ["graphql", recorded("graphql/query", day.morning)],
    ["grpc", recorded("rpc/grpc-identity", day.morning)],
    ["events", recorded("llm/chat-stream", day.morning)],
    ["conversation", recorded("llm/messages-stream", day.morning)],
    ["websocket", webSocket()],
    ["dns", dnsAnswer()],
  ])("with %s open", async (name, flow) => {
    await exporter.send(flow);
    const reader = await read("?flow=1");
    await reader.page.locator("[role=tabpanel]:not(:has([aria-busy=true]))").waitFor();
    await pictured(reader, `detail-${name}`);
  });

  it("with JSON open, in dark", async () => {
    await exporter.send(get("/v2/orders", "application/json", day.json), ...traffic());
    const reader = await read("?flow=1", { colorScheme: "dark" });
    await reader.page.locator("[role=tabpanel]:not(:has([aria-busy=true]))").waitFor();
    await pictured(reader, "detail-dark");
  });

  it("with gRPC open whose types are known", async () => {
    await server.kill();
    await server.start("--descriptor-set", descriptors);
    await exporter.send(recorded("rpc/grpc-identity", day.morning));
    const reader = await read("?flow=1");
    await reader.panel.getByText("shop.v1", { exact: false }).first().waitFor();
    await pictured(reader, "detail-grpc-types");
  });

  it("with a TLS handshake that failed", async () => {
    await exporter.send(
      connection(EventType.TLS_FAILED_CLIENT, "client-1", {
        error: "The client does not trust the proxy's certificate",
        atMs: day.morning,
        more: { sni: "telemetry.vendor.example" },
      }),
    );
    const reader = await read("?flow=1&tab=connection");
    await reader.page.locator("[role=tabpanel]:not(:has([aria-busy=true]))").waitFor();
    await pictured(reader, "detail-tls-failure");
  });

  it("on a phone: the list, then one flow", async () => {
    await exporter.send(...traffic(), get("/v2/orders", "application/json", day.json));
    const reader = await read("", { viewport: phone, hasTouch: true, isMobile: true });
    await reader.sees("/v2/cart");
    await looksAs(reader.page, "phone-list");
    await reader.opens("/v2/orders");
    await pictured(reader, "phone-detail");
  });
});

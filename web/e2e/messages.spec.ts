import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { EventType } from "../src/gen/mitmproxy/v1/mitmproxy_pb";
import { body, fields, http, tcp } from "./harness/exporter";
import { Scene } from "./harness/scene";

const scene = new Scene();

interface Said {
  text: string;
  fromClient?: boolean;
  opcode?: number;
}

function webSocket(said: Said[], close?: object, event = EventType.WEBSOCKET_END) {
  const startMs = Date.now();
  return http("http://a.example/socket", {
    event,
    response: { statusCode: 101, headerFields: fields(["upgrade", "websocket"]) },
    more: {
      id: "socket",
      isWebsocket: true,
      websocketMessages: said.map(({ text, fromClient = false, opcode = 1 }, index) => ({
        content: body(text),
        fromClient,
        opcode,
        timestamp: timestampFromMs(startMs + index),
      })),
      ...(close && { websocketClose: close }),
    } as object,
  });
}

describe("WebSocket and TCP/UDP conversations as a chat", () => {
  it("each message has its direction, time, size and kind, and opens decoded", async () => {
    await scene.exporter.send(
      webSocket([
        { text: '{"hello":"world"}', fromClient: true },
        { text: "plain" },
        { text: "\u0000\u0001", opcode: 2 },
      ]),
    );
    const reader = await scene.read();
    await reader.opens("/socket");
    await reader.tab("Messages");
    const first = reader.panel.getByRole("listitem").first();
    await first.getByText("client \u2192").waitFor();
    await first.getByText("JSON, 17 B").waitFor();
    await reader.panel.getByText("binary, 2 B").waitFor();
    await reader.panel.getByText("00 01").waitFor();
    await reader.panel.getByRole("button", { name: "Open message 1" }).click();
    await reader.panel.locator(".cm-line", { hasText: '  "hello": "world"' }).waitFor();
    await reader.panel.getByRole("button", { name: "Close message 1" }).click();
    await reader.panel.locator(".cm-line").first().waitFor({ state: "detached" });
  });

  it("lines that end as most protocols end them have no marks at their ends", async () => {
    await scene.exporter.send(tcp([[false, "250-one\r\n250 two\rthree\r\n"]]));
    const reader = await scene.read();
    await reader.opens("192.0.2.25");
    const said = reader.panel.locator(".bubble");
    expect(await said.textContent()).toBe("250-one\n250 two\u240dthree\n");
  });

  it("100,000 messages scroll to their end, a few of them at a time", async () => {
    const many = Array.from({ length: 100_000 }, (_, i): [boolean, string] => [
      i % 2 === 0,
      `message ${i}.`,
    ]);
    await scene.exporter.send(tcp(many));
    const reader = await scene.read();
    await reader.opens("192.0.2.25");
    await reader.panel.getByText("message 0.").waitFor();
    await reader.panel.getByRole("button", { name: "To the end" }).click();
    await reader.panel.getByText("message 99999.").waitFor();
    expect(await reader.panel.getByRole("listitem").count()).toBeLessThan(100);
    await reader.panel.getByRole("searchbox", { name: "Filter messages" }).fill("4321.");
    await reader.panel.getByText(/10 of 100,000 messages/).waitFor();
    await reader.panel.getByText("message 94321.").waitFor();
  });

  it("shows one side of it", async () => {
    await scene.exporter.send(
      tcp([
        [true, "asked"],
        [false, "answered"],
      ]),
    );
    const reader = await scene.read();
    await reader.opens("192.0.2.25");
    await reader.panel.getByRole("button", { name: "Server" }).click();
    await reader.panel.getByText("asked").waitFor({ state: "detached" });
    await reader.panel.getByText("answered").waitFor();
  });

  it("sticks to the end while it grows", async () => {
    const reader = await scene.read();
    const open = scene.exporter.open();
    const said = Array.from({ length: 60 }, (_, i) => ({ text: `said ${i}.` }));
    const event = EventType.WEBSOCKET_MESSAGE;
    open.push(webSocket(said, undefined, event));
    await reader.opens("/socket");
    await reader.panel.getByRole("button", { name: "To the end" }).click();
    await reader.panel.getByText("said 59.").waitFor();
    for (let i = 60; i < 80; i++) said.push({ text: `said ${i}.` });
    open.push(webSocket(said, undefined, event));
    const last = reader.panel.getByText("said 79.");
    await last.waitFor();
    await expect
      .poll(() => last.evaluate((el) => el.getBoundingClientRect().bottom <= innerHeight))
      .toBe(true);
    await open.close();
  });

  it("a close card says the code in words", async () => {
    const close = { byClient: false, code: 1001, reason: "see you <b>later</b>" };
    await scene.exporter.send(webSocket([{ text: "bye" }], close));
    const reader = await scene.read();
    await reader.opens("/socket");
    const card = reader.panel.getByRole("region", { name: "Close" });
    await card.getByText("by the server with 1001: going away").waitFor();
    await card.getByText("see you <b>later</b>").waitFor();
  });
});

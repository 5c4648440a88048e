import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  EventType,
  type ExportFlowRequestSchema,
} from "../../src/gen/mitmproxy/v1/mitmproxy_pb";
import { body, fields, http } from "./exporter";

type Exported = MessageInitShape<typeof ExportFlowRequestSchema>;

/* A day that does not pass, for pictures. */
export const day = {
  morning: Date.UTC(2026, 10, 23, 10, 1, 44, 120),
  evening: Date.UTC(2026, 10, 23, 18, 0, 0),
  json: JSON.stringify({
    error: "validation_failed",
    message: "2 fields need attention",
    fields: [
      { path: "shipping.postal_code", rule: "format", got: "80O1" },
      { path: "items[2].quantity", rule: "range", got: 0, max: 99 },
    ],
    cart: { id: "c-8841", total: 129.9, currency: "CHF", coupons: [], gift: null },
    retryable: false,
    trace: 7340932718,
  }),
};

type Line = [method: string, url: string, status: number, bytes: number, ms: number];

const lines: Line[] = [
  [
    "POST",
    "https://api.shop.example/v2/orders?dry_run=true&locale=de-CH",
    422,
    1900,
    184,
  ],
  ["GET", "https://auth.shop.example/oauth/userinfo", 401, 212, 36],
  ["GET", "https://api.shop.example/v2/cart", 404, 148, 41],
  ["POST", "https://grpc.shop.example/shop.v1.Inventory/Reserve", 503, 96, 1200],
  ["GET", "https://cdn.shop.example/img/hero-2048.avif", 200, 386_000, 92],
  ["POST", "https://telemetry.vendor.example/v1/batch", 429, 64, 88],
  ["GET", "https://api.shop.example/v2/products?page=3&sort=price", 200, 48_000, 143],
  ["GET", "http://cdn.shop.example/app/main.9f2c1b.js", 304, 0, 12],
  ["PUT", "https://api.shop.example/v2/profile/avatar", 500, 3100, 640],
  ["DELETE", "https://api.shop.example/v2/cart/items/17", 204, 0, 61],
];

function exchange([method, url, status, bytes, ms]: Line, startMs: number): Exported {
  const at = (after: number) => timestampFromMs(startMs + after);
  const { protocol, hostname } = new URL(url);
  return http(url, {
    method,
    startMs,
    response: {
      statusCode: status,
      reason: "",
      headerFields: fields(["content-type", "application/json"]),
      content: body("x".repeat(bytes)),
      timestampStart: at(ms - 2),
      timestampEnd: at(ms),
    },
    more: {
      durationMs: ms,
      client: {
        peernameHost: "10.0.0.7",
        peernamePort: 40001,
        tls: protocol === "https:",
      },
      server: { addressHost: hostname, addressPort: protocol === "https:" ? 443 : 80 },
    },
  });
}

/* Forty flows of the last minutes before `day.morning`. */
export function traffic(): Exported[] {
  return Array.from({ length: 40 }, (_, i) => {
    const line = lines[(i * 7) % lines.length];
    if (!line) throw new Error("no line");
    return exchange(line, day.morning - (40 - i) * 1731);
  });
}

export function webSocket(): Exported {
  const said: [fromClient: boolean, text: string][] = [
    [true, '{"type":"hello","room":8841}'],
    [false, '{"type":"welcome","members":["ada","grace"]}'],
    [false, "ada: is the order through?"],
    [true, "grace: it says 422, look at the postal code"],
    [false, "ada: an O for a zero"],
  ];
  return http("https://api.shop.example/v2/live?room=8841", {
    startMs: day.morning,
    event: EventType.WEBSOCKET_END,
    response: { statusCode: 101, reason: "Switching Protocols" },
    more: {
      isWebsocket: true,
      websocketMessages: said.map(([fromClient, text], i) => ({
        fromClient,
        opcode: 1,
        content: body(text),
        timestamp: timestampFromMs(day.morning + 1000 * i),
      })),
      websocketClose: { byClient: true, code: 1000, reason: "done" },
    } as never,
  });
}

export function dnsAnswer(): Exported {
  const question = { name: "api.shop.example", type: "A", class: "IN" };
  const at = timestampFromMs(day.morning);
  const value = {
    id: "dns-1",
    timestampStart: at,
    durationMs: 9,
    client: { peernameHost: "10.0.0.7", peernamePort: 53053 },
    server: { addressHost: "1.1.1.1", addressPort: 53 },
    request: { id: 7, query: true, questions: [question], timestamp: at },
    response: {
      id: 7,
      questions: [question],
      answers: [
        { ...question, ttl: 300, data: new Uint8Array([192, 0, 2, 7]) },
        { ...question, ttl: 300, data: new Uint8Array([192, 0, 2, 8]) },
      ],
      timestamp: timestampFromMs(day.morning + 9),
    },
  };
  return {
    eventType: EventType.DNS_RESPONSE,
    flow: { flow: { case: "dnsFlow", value } },
  } as Exported;
}

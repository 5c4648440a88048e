import type { Socket } from "node:net";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import {
  EventType,
  ExportFlowRequestSchema,
  type HTTPFlowSchema,
  type ResponseSchema,
  Service,
  type TCPFlowSchema,
} from "../../src/gen/mitmproxy/v1/mitmproxy_pb";

type Exported = MessageInitShape<typeof ExportFlowRequestSchema>;
type Http = MessageInitShape<typeof HTTPFlowSchema>;

const encode = (text: string) => new TextEncoder().encode(text);

export function fields(...pairs: [string, string][]) {
  return pairs.map(([name, value]) => ({ name: encode(name), value: encode(value) }));
}

export function body(text: string): Uint8Array {
  return encode(text);
}

interface HttpOptions {
  method?: string;
  response?: MessageInitShape<typeof ResponseSchema> | null;
  headers?: [string, string][];
  content?: string;
  /* In place of `content`, where it is not text. */
  body?: Uint8Array;
  more?: Partial<Http>;
  event?: EventType;
  startMs?: number;
}

let count = 0;

/* One whole HTTP exchange, as an exporter tells its end. */
export function http(url: string, options: HttpOptions = {}): Exported {
  const { method = "GET", headers = [], content = "", more = {} } = options;
  const { event = EventType.RESPONSE, startMs = Date.now() } = options;
  const at = (ms: number) => timestampFromMs(startMs + ms);
  const answered = options.response !== null;
  const response = {
    statusCode: 200,
    reason: "OK",
    httpVersion: "HTTP/1.1",
    timestampStart: at(10),
    timestampEnd: at(12),
    ...options.response,
  };
  const value: Http = {
    id: `flow-${process.pid}-${++count}`,
    timestampStart: at(0),
    durationMs: 12,
    request: {
      method,
      url,
      prettyUrl: url,
      httpVersion: "HTTP/1.1",
      headerFields: fields(...headers),
      content: options.body ?? encode(content),
      timestampStart: at(0),
      timestampEnd: at(1),
    },
    ...(answered && { response }),
    client: { peernameHost: "127.0.0.1", peernamePort: 40001 },
    server: { addressHost: "192.0.2.1", addressPort: 80 },
    ...more,
  } as Http;
  return { eventType: event, flow: { flow: { case: "httpFlow", value } } } as Exported;
}

export function tcp(messages: [fromClient: boolean, text: string][]): Exported {
  const startMs = Date.now();
  const value: MessageInitShape<typeof TCPFlowSchema> = {
    id: `flow-${process.pid}-${++count}`,
    timestampStart: timestampFromMs(startMs),
    server: { addressHost: "192.0.2.25", addressPort: 25 },
    messages: messages.map(([fromClient, text], index) => ({
      fromClient,
      content: encode(text),
      timestamp: timestampFromMs(startMs + index),
    })),
  };
  return {
    eventType: EventType.TCP_END,
    flow: { flow: { case: "tcpFlow", value } },
  } as Exported;
}

const clientEvents = [
  EventType.CLIENT_CONNECTED,
  EventType.CLIENT_DISCONNECTED,
  EventType.TLS_FAILED_CLIENT,
];

/* What happened to a connection; `more` is of the one that it happened to. */
export function connection(
  eventType: EventType,
  id: string,
  options: { error?: string; atMs?: number; more?: { sni?: string } } = {},
): Exported {
  const at = timestampFromMs(options.atMs ?? Date.now());
  const conn = { id, peernameHost: "192.0.2.7", peernamePort: 40007, ...options.more };
  const isClient = clientEvents.includes(eventType);
  const value = {
    at,
    error: options.error ?? "",
    ...(isClient ? { client: conn } : { server: conn }),
  };
  return { eventType, connection: value } as Exported;
}

/* A report of flows that were given up between these times. */
export function loss(id: string, flows: number, fromMs: number, toMs: number): Exported {
  const [from, to] = [timestampFromMs(fromMs), timestampFromMs(toMs)];
  const value = { id, count: BigInt(flows), from, to, reason: "the spool is full" };
  return { loss: value } as Exported;
}

/* A stand-in for mitmproxy: ExportFlow by gRPC over h2c. */
export class Exporter {
  private readonly client;

  /* `createConnection`: another way to the server than by its address. */
  constructor(url: string, createConnection?: () => Socket) {
    const nodeOptions = createConnection && { createConnection };
    const transport = createGrpcTransport({ baseUrl: url, nodeOptions });
    this.client = createClient(Service, transport);
  }

  /* Sends flows in one call and waits until the server has them for good. */
  async send(...flows: Exported[]): Promise<void> {
    async function* stream() {
      for (const flow of flows) yield create(ExportFlowRequestSchema, flow);
    }
    const answer = await this.client.exportFlow(stream());
    if (answer.flowsProcessed !== BigInt(flows.length) || answer.rejected !== 0n) {
      throw new Error(`processed ${answer.flowsProcessed}, rejected ${answer.rejected}`);
    }
  }

  /* A call that stays open; each push sends one flow of it. */
  open(): { push(flow: Exported): void; close(): Promise<unknown> } {
    const queue: (Exported | null)[] = [];
    let wake = () => {};
    async function* stream() {
      while (true) {
        const next = queue.shift();
        if (next === null) return;
        if (next) yield create(ExportFlowRequestSchema, next);
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    }
    const answer = this.client.exportFlow(stream());
    const put = (item: Exported | null) => {
      queue.push(item);
      wake();
    };
    return {
      push: put,
      close: () => {
        put(null);
        return answer;
      },
    };
  }
}

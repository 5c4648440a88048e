import type { Client } from "@connectrpc/connect";
import type { Service } from "../gen/mitmflow/v1/mitmflow_pb";
import { methods, serviceName, shapes } from "../gen/shapes";
import { Codec } from "./codec";
import { type Envelope, EnvelopeReader, envelope } from "./envelope";
import { codeOfStatus, Failure, failureOfJson } from "./failure";
import type { MethodShape } from "./shape";

/*
 * The Connect protocol (connectrpc.com/docs/protocol) with binary messages, as
 * far as this page speaks it. connect-web takes no compressed messages, and
 * the first row would wait for it and for what it needs to know of types.
 */
const codec = new Codec(shapes);

/* What a failure says beside its words, if it says anything of that type. */
export function detailOf<T>(failure: Failure, type: string): T | undefined {
  const detail = failure.details.find((one) => one.type === type);
  return detail && (codec.decode(type, detail.value) as T);
}

/* The methods of the service at `baseUrl`. All throw `Failure`. */
export function serviceAt(baseUrl: string): Client<typeof Service> {
  const made = Object.entries(methods).map(([key, method]) => {
    const url = `${baseUrl}/${serviceName}/${method[0]}`;
    return [key, method[3] === "unary" ? unary(url, method) : streaming(url, method)];
  });
  return Object.fromEntries(made) as Client<typeof Service>;
}

interface Options {
  signal?: AbortSignal;
  timeoutMs?: number;
}

type Message = Record<string, unknown>;

function unary(url: string, [, input, output]: MethodShape) {
  return async (request: Message, options: Options = {}): Promise<Message> => {
    const body = codec.encode(input, request);
    const response = await post(url, "proto", body, options);
    if (!response.ok) throw await failureOf(response);
    try {
      return codec.decode(output, new Uint8Array(await response.arrayBuffer()));
    } catch (error) {
      throw Failure.from(error);
    }
  };
}

function streaming(url: string, [, input, output]: MethodShape) {
  return async function* (request: Message, options: Options = {}) {
    const body = envelope(codec.encode(input, request));
    const response = await post(url, "connect+proto", body, options);
    if (!response.ok || !response.body) throw await failureOf(response);
    for await (const bytes of messages(response.body)) yield codec.decode(output, bytes);
  };
}

async function post(
  url: string,
  type: string,
  body: Uint8Array<ArrayBuffer>,
  { signal, timeoutMs }: Options,
): Promise<Response> {
  const headers = new Headers();
  headers.set("content-type", `application/${type}`);
  headers.set("connect-protocol-version", "1");
  if (type !== "proto" && typeof DecompressionStream !== "undefined")
    headers.set("connect-accept-encoding", "gzip");
  const signals = signal ? [signal] : [];
  if (timeoutMs !== undefined) {
    headers.set("connect-timeout-ms", String(timeoutMs));
    signals.push(AbortSignal.timeout(timeoutMs));
  }
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      credentials: "same-origin",
      signal: AbortSignal.any(signals),
    });
    // The server has nowhere to send a call to; who guards it has.
    if (response.type === "opaqueredirect")
      throw new Failure("a sign-in is asked for", "unauthenticated");
    return response;
  } catch (error) {
    throw Failure.from(error);
  }
}

async function* messages(body: ReadableStream<Uint8Array>) {
  const reader = body.getReader();
  const envelopes = new EnvelopeReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Failure("the stream broke off", "unavailable");
      for (const read of envelopes.push(value)) {
        const bytes = await dataOf(read);
        if (read.isEnd) {
          throwIfFailed(bytes);
          return;
        }
        yield bytes;
      }
    }
  } catch (error) {
    throw Failure.from(error);
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function dataOf({ data, isCompressed }: Envelope): Promise<Uint8Array> {
  if (!isCompressed) return data;
  // Not by a Blob, which is made in another process.
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  // Who reads hears of what is wrong, too.
  writer.write(data).catch(() => {});
  writer.close().catch(() => {});
  return new Uint8Array(await new Response(readable).arrayBuffer());
}

function throwIfFailed(end: Uint8Array): void {
  const { error } = JSON.parse(new TextDecoder().decode(end)) as { error?: unknown };
  if (error) throw failureOfJson(error, "unknown");
}

async function failureOf(response: Response): Promise<Failure> {
  const { status } = response;
  const text = await response.text().catch(() => "");
  try {
    return failureOfJson(JSON.parse(text), codeOfStatus(status));
  } catch {
    return new Failure(`HTTP ${status}`, codeOfStatus(status));
  }
}

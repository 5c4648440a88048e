import {
  create,
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { type Envelope, EnvelopeReader, envelope } from "./envelope";

/*
 * The Connect protocol (connectrpc.com/docs/protocol) with binary messages, as
 * far as this page speaks it. That of connect-web takes no compressed messages,
 * and the first row would wait for 6 kB more of it (brotli).
 */
export function connectTransport(baseUrl: string): Transport {
  const urlOf = (method: DescMethodUnary | DescMethodStreaming) =>
    `${baseUrl}/${method.parent.typeName}/${method.name}`;

  return {
    async unary(method, signal, timeoutMs, header, input) {
      const body = encode(method.input, input);
      const options = { signal, timeoutMs, header };
      const response = await post(urlOf(method), "proto", body, options);
      if (!response.ok) throw await errorOf(response);
      const bytes = new Uint8Array(await response.arrayBuffer());
      return {
        ...parts(method, response),
        stream: false,
        method,
        message: fromBinary(method.output, bytes),
      };
    },

    async stream(method, signal, timeoutMs, header, input) {
      const { value } = await input[Symbol.asyncIterator]().next();
      const body = envelope(encode(method.input, value));
      const options = { signal, timeoutMs, header };
      const response = await post(urlOf(method), "connect+proto", body, options);
      if (!response.ok || !response.body) throw await errorOf(response);
      return {
        ...parts(method, response),
        stream: true,
        method,
        message: messages(method.output, response.body),
      };
    },
  };
}

interface Options {
  signal: AbortSignal | undefined;
  timeoutMs: number | undefined;
  header: HeadersInit | undefined;
}

async function post(
  url: string,
  type: string,
  body: Uint8Array<ArrayBuffer>,
  { signal, timeoutMs, header }: Options,
): Promise<Response> {
  const headers = new Headers(header);
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
    return await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "error",
      credentials: "same-origin",
      signal: AbortSignal.any(signals),
    });
  } catch (error) {
    throw failure(error);
  }
}

function failure(error: unknown): ConnectError {
  const isLate = error instanceof Error && error.name === "TimeoutError";
  return isLate
    ? new ConnectError("the call took too long", Code.DeadlineExceeded)
    : ConnectError.from(error);
}

function encode<I extends DescMessage>(
  desc: I,
  message: MessageInitShape<I> | undefined,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(toBinary(desc, create(desc, message)));
}

function parts(method: DescMethodUnary | DescMethodStreaming, response: Response) {
  const { headers: header } = response;
  return { service: method.parent, header, trailer: new Headers() };
}

async function* messages<O extends DescMessage>(
  desc: O,
  body: ReadableStream<Uint8Array>,
) {
  const reader = body.getReader();
  const envelopes = new EnvelopeReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new ConnectError("the stream broke off", Code.Unavailable);
      for (const read of envelopes.push(value)) {
        const bytes = await dataOf(read);
        if (read.isEnd) {
          throwIfFailed(bytes);
          return;
        }
        yield fromBinary(desc, bytes);
      }
    }
  } catch (error) {
    throw failure(error);
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function dataOf({ data, isCompressed }: Envelope): Promise<Uint8Array> {
  if (!isCompressed) return data;
  const plain = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

function throwIfFailed(end: Uint8Array): void {
  const { error } = JSON.parse(new TextDecoder().decode(end)) as { error?: unknown };
  if (error) throw toError(error, Code.Unknown);
}

async function errorOf(response: Response): Promise<ConnectError> {
  const { status } = response;
  const text = await response.text().catch(() => "");
  try {
    return toError(JSON.parse(text), codeOfStatus(status));
  } catch {
    return new ConnectError(`HTTP ${status}`, codeOfStatus(status));
  }
}

/* "Error" and "HTTP to Error Code" in the protocol. */
function toError(json: unknown, fallback: Code): ConnectError {
  const { code, message, details } = Object(json);
  const name = String(code).replace(/(?:^|_)([a-z])/g, (_, letter) =>
    letter.toUpperCase(),
  );
  const known = Code[name as keyof typeof Code] ?? fallback;
  const error = new ConnectError(typeof message === "string" ? message : "", known);
  error.details = (Array.isArray(details) ? details : []).map(({ type, value }) => ({
    type: String(type),
    value: Uint8Array.from(atob(String(value)), (letter) => letter.charCodeAt(0)),
  }));
  return error;
}

function codeOfStatus(status: number): Code {
  const codes: Record<number, Code> = {
    400: Code.Internal,
    401: Code.Unauthenticated,
    403: Code.PermissionDenied,
    404: Code.Unimplemented,
    429: Code.Unavailable,
    502: Code.Unavailable,
    503: Code.Unavailable,
    504: Code.Unavailable,
  };
  return codes[status] ?? Code.Unknown;
}

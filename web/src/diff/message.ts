import { charsetOf } from "../bodies/kinds";
import { styleOf } from "../bodies/modes";
import { layOut, type Style } from "../bodies/text/layout";
import { api, callTimeoutMs } from "../connection/api";
import { headersOf } from "../detail/headers";
import { BodyPlace, type Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { Failure } from "../wire/failure";

// More of a body is compared by nobody's eye.
const comparedLen = 1_000_000;

export type Half = "request" | "response";

/* One side of a comparison. */
export interface Compared {
  headers: string;
  body: string;
  style: Style;
  /* What is not compared. */
  cut: boolean;
}

/* What there is of two flows of which one is not kept, or neither. */
export interface Missing {
  numbers: number[];
  left: Flow | null;
}

async function getFlow(number: number, signal: AbortSignal): Promise<Flow | null> {
  const request = { number: BigInt(number), withoutBodies: true, messageLimit: 1 };
  try {
    const answer = await api.getFlow(request, { signal, timeoutMs: callTimeoutMs });
    if (!answer.flow) throw new Error("The server's answer holds no flow.");
    return answer.flow;
  } catch (error) {
    if (Failure.from(error).code === "not_found") return null;
    throw error;
  }
}

export async function getFlows(
  a: number,
  b: number,
  signal: AbortSignal,
): Promise<[Flow, Flow] | Missing> {
  const [first, second] = await Promise.all([getFlow(a, signal), getFlow(b, signal)]);
  if (first && second) return [first, second];
  const numbers = [...(first ? [] : [a]), ...(second ? [] : [b])];
  return { numbers, left: first ?? second };
}

/* Its first line and fields, in an order that makes them comparable. */
function headText(flow: Flow, half: Half): string {
  if (flow.flow.case !== "httpFlow") return "";
  const message = flow.flow.value[half];
  if (!message) return "";
  const first =
    "method" in message
      ? `${message.method} ${message.prettyUrl || message.url} ${message.httpVersion}`
      : `${message.httpVersion} ${message.statusCode} ${message.reason}`;
  const fields = headersOf(message.headerFields, message.headers)
    .map(({ name, value }) => `${name.toLowerCase()}: ${value}`)
    .sort();
  return [first, ...fields].join("\n");
}

async function bodyOf(number: number, half: Half, signal: AbortSignal) {
  const place = half === "request" ? BodyPlace.REQUEST : BodyPlace.RESPONSE;
  const body = { number: BigInt(number), place };
  const parts: Uint8Array[] = [];
  let info = null;
  let size = 0n;
  const request = { body, length: BigInt(comparedLen) };
  for await (const part of api.getBody(request, { signal })) {
    info ??= part.info ?? null;
    size = part.end?.size ?? size;
    parts.push(part.data);
  }
  const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  return { info, bytes, cut: bytes.length > 0 && size === 0n };
}

export async function compared(
  flow: Flow,
  half: Half,
  signal: AbortSignal,
): Promise<Compared> {
  const number = Number(flow.summary?.number ?? 0);
  const headers = headText(flow, half);
  const { info, bytes, cut } = await bodyOf(number, half, signal);
  if (!info?.isText) {
    const words = bytes.length > 0 ? `${bytes.length} bytes that are no text` : "";
    return { headers, body: words, style: "plain", cut };
  }
  const style = styleOf(info, bytes);
  const charset = charsetOf(info.charset);
  const laid = layOut({ bytes, charset, style: style === "json" ? style : "plain" });
  return {
    headers,
    body: [...laid].map((batch) => batch.text).join("\n"),
    style,
    cut,
  };
}

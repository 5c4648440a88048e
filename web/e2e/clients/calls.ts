import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { Service as View } from "../../src/gen/mitmflow/v1/mitmflow_pb";
import { EventType, Service as Ingest } from "../../src/gen/mitmproxy/v1/mitmproxy_pb";

/* What a call brought, as JSON can carry it. */
export type Told = { value: unknown } | { error: { code: string; message: string } };

/* The calls, by name; each takes one text. */
const calls: Record<string, (transport: Transport, text: string) => Promise<unknown>> = {
  async url(transport, flowId) {
    const { flow } = await createClient(View, transport).getFlow({ flowId });
    return flow?.flow.case === "httpFlow" ? flow.flow.value.request?.url : undefined;
  },

  async list(transport, filterText) {
    const urls = [];
    const filter = { filterText };
    for await (const { flow } of createClient(View, transport).getFlows({ filter })) {
      urls.push(flow?.summary.case === "http" ? flow.summary.value.url : undefined);
    }
    return urls;
  },

  async note(transport, flowId) {
    const note = { case: "note", value: "é \u{1f600}\n" } as const;
    const client = createClient(View, transport);
    const { flow } = await client.updateFlow({ flowId, notePresence: note });
    return flow?.note;
  },

  /* A stream without an end, left after its first message. */
  async abort(transport) {
    const leaving = new AbortController();
    const watch = createClient(View, transport).watchFlows(
      {},
      { signal: leaving.signal },
    );
    let messages = 0;
    try {
      for await (const _ of watch) {
        messages++;
        leaving.abort();
      }
    } catch (error) {
      return { messages, code: Code[ConnectError.from(error).code] };
    }
    return { messages };
  },

  async deadline(transport) {
    for await (const _ of createClient(View, transport).watchFlows(
      {},
      { timeoutMs: 500 },
    )) {
      // Until the time is over.
    }
  },

  /* A client stream, which browsers have not. */
  async send(transport, url) {
    async function* flows() {
      for (let number = 0; number < 3; number++) {
        const value = { id: crypto.randomUUID(), request: { url: `${url}${number}` } };
        const flow = { flow: { case: "httpFlow" as const, value } };
        yield { eventType: EventType.RESPONSE, flow };
      }
    }
    const answer = await createClient(Ingest, transport).exportFlow(flows());
    return {
      processed: Number(answer.flowsProcessed),
      rejected: Number(answer.rejected),
    };
  },
};

export async function run(
  transport: Transport,
  name: string,
  text: string,
): Promise<Told> {
  const call = calls[name];
  if (!call) throw new Error(`no call ${name}`);
  try {
    return { value: await call(transport, text) };
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return { error: { code: Code[code] ?? "", message: rawMessage } };
  }
}

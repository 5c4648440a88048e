import type { GetMessagesResponse } from "../gen/mitmflow/v1/mitmflow_pb";
import type {
  TCPMessage,
  UDPMessage,
  WebSocketMessage,
} from "../gen/mitmproxy/v1/mitmproxy_pb";

export type Message = WebSocketMessage | TCPMessage | UDPMessage;

export type FetchMessages = (
  range: { first: number; limit: number },
  signal: AbortSignal,
) => AsyncIterable<GetMessagesResponse>;

const pageLen = 200;
// What is kept of a long conversation; the rest is asked for again.
const mostPages = 40;

export function messagesOf(part: GetMessagesResponse): readonly Message[] {
  const lists = [part.websocketMessages, part.tcpMessages, part.udpMessages];
  return lists.find((list) => list.length > 0) ?? [];
}

/* The messages of one flow, as far as somebody looks at them. */
export class MessageStore {
  /* The one used last is the last. */
  private readonly pages = new Map<number, Message[]>();
  private readonly loading = new Set<number>();
  private readonly abort = new AbortController();

  constructor(
    private readonly fetchMessages: FetchMessages,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /* Message `index`; undefined: not here yet, and asked for. */
  get(index: number): Message | undefined {
    const page = Math.floor(index / pageLen);
    const messages = this.pages.get(page);
    const found = messages?.[index % pageLen];
    if (messages && found) {
      this.pages.delete(page);
      this.pages.set(page, messages);
      return found;
    }
    void this.load(page);
    return undefined;
  }

  stop(): void {
    this.abort.abort();
  }

  private async load(page: number): Promise<void> {
    if (this.loading.has(page)) return;
    this.loading.add(page);
    const before = this.pages.get(page) ?? [];
    const messages = [...before];
    const first = page * pageLen + before.length;
    const limit = pageLen - before.length;
    try {
      for await (const part of this.fetchMessages({ first, limit }, this.abort.signal)) {
        messages.push(...messagesOf(part));
      }
    } catch (error) {
      if (!this.abort.signal.aborted) this.failed(error);
      return;
    }
    this.pages.set(page, messages);
    for (const oldest of this.pages.keys()) {
      if (this.pages.size <= mostPages) break;
      this.pages.delete(oldest);
    }
    this.loading.delete(page);
    if (messages.length > before.length) this.changed();
  }
}

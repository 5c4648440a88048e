import { type FetchMessages, type Message, messagesOf } from "./MessageStore";

export type Direction = "both" | "client" | "server";

/* Which messages a reader wants to see. */
export interface Wanted {
  text: string;
  direction: Direction;
}

export const everything: Wanted = { text: "", direction: "both" };

const stepLen = 2000;
const tellMs = 100;

function matcher({ text, direction }: Wanted): (message: Message) => boolean {
  const needle = text.toLowerCase();
  const decoder = new TextDecoder();
  return ({ content, fromClient }) => {
    if (direction !== "both" && fromClient !== (direction === "client")) return false;
    return needle === "" || decoder.decode(content).toLowerCase().includes(needle);
  };
}

/*
 * Looks through all messages, and tells the numbers of those that match as
 * it goes; only these are kept.
 */
export async function searchMessages(
  fetchMessages: FetchMessages,
  wanted: Wanted,
  range: { from: number; count: number },
  tell: (found: number[], upTo: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const matches = matcher(wanted);
  const found: number[] = [];
  let told = performance.now();
  let at = range.from;
  while (at < range.count && !signal.aborted) {
    const first = at;
    for await (const part of fetchMessages({ first, limit: stepLen }, signal)) {
      for (const message of messagesOf(part)) {
        if (matches(message)) found.push(at);
        at++;
      }
    }
    if (at === first) break;
    if (performance.now() - told < tellMs) continue;
    told = performance.now();
    tell([...found], at);
  }
  if (!signal.aborted) tell([...found], at);
}

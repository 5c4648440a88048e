import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { GetMessagesResponseSchema } from "../gen/mitmflow/v1/mitmflow_pb";
import { type FetchMessages, MessageStore } from "./MessageStore";

function setUp(count: number) {
  const asked: string[] = [];
  const state = { count };
  const fetchMessages: FetchMessages = async function* ({ first, limit }) {
    asked.push(`${first}+${limit}`);
    const some = Math.max(0, Math.min(limit, state.count - first));
    yield create(GetMessagesResponseSchema, {
      firstIndex: BigInt(first),
      tcpMessages: Array.from({ length: some }, (_, i) => ({
        content: new TextEncoder().encode(String(first + i)),
      })),
    });
  };
  let wake = () => {};
  const store = new MessageStore(
    fetchMessages,
    () => wake(),
    () => {},
  );
  const changes = () => new Promise<void>((resolve) => (wake = resolve));
  const text = (index: number) => new TextDecoder().decode(store.get(index)?.content);
  return { store, asked, state, changes, text };
}

describe("MessageStore", () => {
  it("gets the page of a message once", async () => {
    const { asked, changes, text } = setUp(100_000);
    const change = changes();
    expect(text(99_999)).toBe("");
    expect(text(99_998)).toBe("");
    await change;
    expect(text(99_999)).toBe("99999");
    expect(asked).toEqual(["99800+200"]);
  });

  it("gets only what is new of a page that has grown", async () => {
    const { asked, state, changes, text } = setUp(3);
    let change = changes();
    text(0);
    await change;
    state.count = 5;
    change = changes();
    expect(text(4)).toBe("");
    await change;
    expect(text(4)).toBe("4");
    expect(asked).toEqual(["0+200", "3+197"]);
  });

  it("lets go of what was looked at long ago", async () => {
    const { asked, changes, text } = setUp(100_000);
    for (let page = 0; page < 60; page++) {
      const change = changes();
      text(page * 200);
      await change;
    }
    const change = changes();
    expect(text(0)).toBe("");
    await change;
    expect(asked).toHaveLength(61);
  });
});

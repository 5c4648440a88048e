import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Hub } from "./hub";
import type { Port, ToTab } from "./protocol";
import { FakeServer, summary, told } from "./testing";

class Tab implements Port<ToTab> {
  readonly heard: ToTab[] = [];
  answers = true;

  constructor(private readonly hub: Hub) {}

  postMessage(message: ToTab): void {
    this.heard.push(message);
    if (message.type === "ping" && this.answers) this.hub.hear(this, { type: "pong" });
  }

  watch(filter: string): void {
    this.hub.hear(this, { type: "watch", filter });
  }

  get batches() {
    return this.heard.flatMap((m) => (m.type === "batch" ? [m] : []));
  }
}

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
let server: FakeServer;
let hub: Hub;

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  hub = new Hub(server.calls);
});

afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
});

describe("Hub", () => {
  it("opens one stream for all tabs with the same filter", async () => {
    const tabs = Array.from({ length: 8 }, () => new Tab(hub));
    for (const tab of tabs) tab.watch("");
    await settle();
    expect(server.made).toHaveLength(1);
    server.call(0).send(told({ reset: true, flows: [summary(1)] }));
    await settle();
    for (const tab of tabs) expect(tab.batches).toMatchObject([{ reset: true }]);
  });

  it("gives who joins later the window as it is", async () => {
    const first = new Tab(hub);
    first.watch("");
    await settle();
    server.call(0).send(told({ reset: true, flows: [summary(1)] }));
    server.call(0).send(told({ flows: [summary(2)] }));
    await settle(50);
    const second = new Tab(hub);
    second.watch("");
    expect(second.batches).toMatchObject([
      { reset: true, rows: [{ number: 1 }, { number: 2 }] },
    ]);
    server.call(0).send(told({ flows: [summary(3)] }));
    await settle(50);
    expect(second.batches.at(-1)).toMatchObject({ reset: false, rows: [{ number: 3 }] });
  });

  it("opens one stream for each filter and closes it with its last tab", async () => {
    const [a, b] = [new Tab(hub), new Tab(hub)];
    a.watch("x");
    b.watch("x");
    await settle();
    a.watch("y");
    await settle();
    expect(server.made.map((c) => c.request.filter.expression)).toEqual(["x", "y"]);
    expect(server.call(0).ended).toBe(false);
    hub.hear(b, { type: "bye" });
    await settle();
    expect(server.call(0).ended).toBe(true);
    expect(server.call(1).ended).toBe(false);
  });

  it("closes the stream of a tab that went without a word", async () => {
    const tab = new Tab(hub);
    tab.watch("");
    await settle();
    tab.answers = false;
    await settle(60_000);
    expect(server.call(0).ended).toBe(true);
  });

  it("holds messages back from a frozen tab and brings it up to date later", async () => {
    const [awake, frozen] = [new Tab(hub), new Tab(hub)];
    awake.watch("");
    frozen.watch("");
    await settle();
    server.call(0).send(told({ reset: true, flows: [summary(1)] }));
    await settle();
    frozen.answers = false;
    for (let i = 0; i < 6; i++) {
      await settle(8000);
      server.made.at(-1)?.send(told({ flows: [summary(10 + i)] }));
    }
    await settle(50);
    const held = frozen.batches.length;
    server.made.at(-1)?.send(told({ flows: [summary(99)] }));
    await settle(50);
    expect(awake.batches.at(-1)).toMatchObject({ rows: [{ number: 99 }] });
    expect(frozen.batches).toHaveLength(held);
    hub.hear(frozen, { type: "wake" });
    const [last] = frozen.batches.slice(-1);
    expect(last?.reset).toBe(true);
    expect(last?.rows.at(-1)?.number).toBe(99);
  });
});

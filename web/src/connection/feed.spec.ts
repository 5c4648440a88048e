import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FilterErrorSchema } from "../gen/mitmflow/v1/mitmflow_pb";
import { Failure } from "../wire/failure";
import { Feed } from "./feed";
import { firstLimit, type ToTab, windowMax } from "./protocol";
import { Slots } from "./slots";
import { FakeServer, found, foundAll, summary, told } from "./testing";

const feeds: Feed[] = [];

function start(slots = new Slots(4), filter = "") {
  const server = new FakeServer();
  const heard: ToTab[] = [];
  const feed = new Feed(filter, server.calls, slots, (message) => heard.push(message));
  feeds.push(feed);
  const batches = () => heard.flatMap((m) => (m.type === "batch" ? [m] : []));
  const states = () =>
    heard.flatMap((m) => (m.type === "status" ? [m.status.state] : []));
  return { feed, server, heard, batches, states };
}

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
});

afterEach(() => {
  for (const feed of feeds.splice(0)) feed.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("Feed", () => {
  it("tells a reset as one batch once it is whole", async () => {
    const { server, batches } = start();
    await settle();
    expect(server.call(0).request).toMatchObject({
      cursor: "",
      filter: { expression: "" },
    });
    server.call(0).send(told({ reset: true, flows: [summary(1)], caughtUp: false }));
    await settle(100);
    expect(batches()).toEqual([]);
    server.call(0).send(told({ flows: [summary(2)], cursor: "c", total: 9n }));
    await settle(100);
    expect(batches()).toMatchObject([
      { reset: true, total: 9, rows: [{ number: 1 }, { number: 2 }] },
    ]);
  });

  it("tells many changes of one flow between two frames as the last of them", async () => {
    const { server, batches } = start();
    await settle();
    server.call(0).send(told({ reset: true }));
    await settle();
    for (let change = 10; change < 20; change++) {
      server.call(0).send(told({ flows: [summary(1, { change: BigInt(change) })] }));
    }
    await settle(50);
    expect(batches().slice(1)).toMatchObject([
      { reset: false, rows: [{ number: 1, change: 19 }] },
    ]);
  });

  it("a flow that went and came back is there", async () => {
    const { server, batches, feed } = start();
    await settle();
    server.call(0).send(told({ reset: true, flows: [summary(1)] }));
    await settle();
    server.call(0).send(told({ gone: [1n] }));
    server.call(0).send(told({ flows: [summary(1, { change: 9n })] }));
    await settle(50);
    expect(batches().at(-1)).toMatchObject({ rows: [{ number: 1 }], gone: [] });
    expect(feed.snapshot().at(-1)).toMatchObject({ rows: [{ number: 1, change: 9 }] });
  });

  it("tells what was lost, each report once, to tabs that join too", async () => {
    const { server, heard, feed } = start();
    const lost = () => heard.flatMap((m) => (m.type === "losses" ? [m.losses] : []));
    await settle();
    server.call(0).send(told({ reset: true, cursor: "c1", losses: [{ number: 1n }] }));
    server.call(0).send(told({ cursor: "c1" }));
    server.call(0).send(told({ cursor: "c1", losses: [{ number: 2n, count: 5n }] }));
    await settle(50);
    expect(lost()).toMatchObject([[{ number: 1 }], [{ number: 1 }, { number: 2 }]]);
    expect(feed.snapshot().at(-1)).toMatchObject({ losses: [{}, { count: 5 }] });
    server.call(0).end();
    await settle(500);
    server.call(1).send(told({ cursor: "c1", losses: [{ number: 1n }, { number: 2n }] }));
    await settle(50);
    expect(lost().at(-1)).toHaveLength(2);
    server.call(1).send(told({ reset: true, cursor: "c9" }));
    await settle(50);
    expect(lost().at(-1)).toEqual([]);
  });

  it("resumes from its cursor after a failure, and says so meanwhile", async () => {
    const { server, states } = start();
    await settle();
    server.call(0).send(told({ reset: true, cursor: "c1" }));
    await settle();
    server.call(0).fail(new Error("gone"));
    await settle();
    expect(states()).toEqual(["live", "connecting"]);
    await settle(250);
    server.call(1).fail(new Error("refused"));
    await settle();
    expect(states().at(-1)).toBe("offline");
    await settle(500);
    expect(server.call(2).request.cursor).toBe("c1");
    server.call(2).send(told({ cursor: "c2" }));
    await settle();
    expect(states().at(-1)).toBe("live");
  });

  it("does not ask again and again when the server is away", async () => {
    const { server } = start();
    for (let i = 0; i < 60; i++) {
      await settle(1000);
      for (const call of server.made) call.fail(new Error("refused"));
    }
    expect(server.made.length).toBeGreaterThan(8);
    expect(server.made.length).toBeLessThan(25);
  });

  it("takes a silent connection for dead", async () => {
    const { server } = start();
    await settle();
    server.call(0).send(told({ reset: true, cursor: "c1" }));
    await settle(14_000);
    server.call(0).send(told({ cursor: "c2" }));
    await settle(14_000);
    expect(server.made).toHaveLength(1);
    await settle(3000);
    expect(server.call(0).ended).toBe(true);
    expect(server.call(1).request.cursor).toBe("c2");
  });

  it("tries at once when woken", async () => {
    const { server, feed } = start();
    await settle();
    for (let i = 0; i < 6; i++) {
      server.made.at(-1)?.fail(new Error("refused"));
      await settle(5000);
    }
    server.made.at(-1)?.fail(new Error("refused"));
    await settle();
    const tries = server.made.length;
    feed.wake();
    await settle();
    expect(server.made).toHaveLength(tries + 1);
  });

  it("shares slots in turns when there are more streams than slots", async () => {
    const slots = new Slots(1);
    const [a, b] = [start(slots), start(slots)];
    await settle();
    a.server.call(0).send(told({ reset: true, cursor: "a1" }));
    await settle(700);
    expect(b.server.made).toHaveLength(0);
    await settle(100);
    expect(b.server.made).toHaveLength(1);
    b.server.call(0).send(told({ reset: true, cursor: "b1", caughtUp: false }));
    await settle(2000);
    expect(a.server.made).toHaveLength(1);
    b.server.call(0).send(told({ cursor: "b2" }));
    await settle(300);
    expect(a.server.call(1).request.cursor).toBe("a1");
    expect(a.states()).toEqual(["live"]);
  });

  it("says nothing once closed", async () => {
    const { server, feed, heard } = start();
    await settle();
    server.call(0).send(told({ reset: true }));
    await settle();
    const before = heard.length;
    feed.close();
    server.call(0).send(told({ flows: [summary(1)] }));
    await settle(60_000);
    expect(heard).toHaveLength(before);
    expect(server.made).toHaveLength(1);
  });

  describe("with a filter", () => {
    const found1 = () => found({ flows: [summary(9), summary(8)] });

    it("searches first, and watches from where the search began", async () => {
      const { server, batches } = start(undefined, "~m GET");
      await settle();
      expect(server.call(0)).toMatchObject({
        method: "query",
        request: { cursor: "", limit: firstLimit, filter: { expression: "~m GET" } },
      });
      server.call(0).send(found1());
      server.call(0).send(foundAll("c1"));
      server.call(0).end();
      await settle();
      expect(server.call(1)).toMatchObject({
        method: "watch",
        request: { cursor: "c1", filter: { expression: "~m GET" } },
      });
      server.call(1).send(told({ cursor: "c2", total: 7n, evicted: 3n }));
      await settle(50);
      expect(batches().at(-1)).toMatchObject({ reset: false, total: 7, evicted: 3 });
    });

    it("tells what is found while the search goes on, and how far it has come", async () => {
      const { server, heard, batches, feed } = start(undefined, "x");
      await settle();
      const progress = { backTo: { seconds: 50n, nanos: 0 } };
      server.call(0).send(found({ progress }));
      await settle(301);
      expect(heard.filter((m) => m.type === "search")).toEqual([]);
      server.call(0).send(found({ progress }));
      server.call(0).send(found1());
      server.call(0).send(found({ flows: [summary(3)] }));
      await settle();
      expect(heard.filter((m) => m.type === "search")).toMatchObject([
        { search: { backToMs: 50_000 } },
      ]);
      expect(batches()).toMatchObject([
        { reset: true, total: null, rows: [{ number: 9 }, { number: 8 }] },
        { reset: false, rows: [{ number: 3 }] },
      ]);
      expect(feed.snapshot().at(-1)).toMatchObject({ type: "search" });
      server.call(0).send(foundAll("c1"));
      server.call(0).end();
      await settle();
      expect(heard.at(-1)).toMatchObject({ type: "search", search: null });
      expect(batches()).toHaveLength(3);
      expect(batches().at(-1)).toMatchObject({ reset: false, rows: [], below: 0 });
      expect(feed.snapshot().find((m) => m.type === "batch")).toMatchObject({
        reset: true,
        rows: [{ number: 3 }, { number: 8 }, { number: 9 }],
      });
    });

    it("counts what matches and is older than its window, and goes on counting", async () => {
      const { server, batches } = start(undefined, "x");
      const many = Array.from({ length: firstLimit }, (_, i) => summary(9000 - i));
      const oldest = 9001 - firstLimit;
      server.below = 700;
      await settle();
      server.call(0).send(found({ flows: many }));
      server.call(0).send(foundAll("c1"));
      server.call(0).end();
      await settle(50);
      expect(server.countedBefore).toEqual([oldest]);
      server.call(1).send(told({ cursor: "c2" }));
      await settle(50);
      expect(batches().at(-1)).toMatchObject({ below: 700 });
      const later = Array.from({ length: windowMax }, (_, i) => summary(10_000 + i));
      server.call(1).send(told({ flows: later }));
      await settle(50);
      expect(batches().at(-1)).toMatchObject({ below: 700 + firstLimit });
      server.below = 650;
      server.call(1).send(told({ gone: [5n] }));
      await settle(5100);
      expect(batches().at(-1)).toMatchObject({ below: 650 });
    });

    it("need not count what is all there", async () => {
      const { server, batches } = start(undefined, "x");
      await settle();
      server.call(0).send(found1());
      server.call(0).send(foundAll("c1"));
      server.call(0).end();
      await settle(50);
      expect(server.countedBefore).toEqual([]);
      expect(batches().at(-1)).toMatchObject({ below: 0 });
    });

    it("begins a broken search anew, and forgets what it had found", async () => {
      const { server, batches } = start(undefined, "x");
      await settle();
      server.call(0).send(found1());
      server.call(0).end();
      await settle(1000);
      expect(server.call(1).method).toBe("query");
      server.call(1).send(foundAll("c1"));
      server.call(1).end();
      await settle();
      expect(batches().at(-1)).toMatchObject({ reset: true, rows: [] });
    });

    it("does not search again when it resumes", async () => {
      const { server } = start(undefined, "x");
      await settle();
      server.call(0).send(foundAll("c1"));
      server.call(0).end();
      await settle();
      server.call(1).fail(new Error("gone"));
      await settle(1000);
      expect(server.call(2)).toMatchObject({
        method: "watch",
        request: { cursor: "c1" },
      });
    });

    it("says why a filter was not taken, once and to who joins later, and asks no more", async () => {
      const { server, heard, feed, states } = start(undefined, "~zz");
      const value = { message: "no such", position: 0, length: 3 };
      const detail = toBinary(FilterErrorSchema, create(FilterErrorSchema, value));
      const error = new Failure("the filter", "invalid_argument", [
        { type: FilterErrorSchema.typeName, value: detail },
      ]);
      await settle();
      server.call(0).fail(error);
      await settle(60_000);
      expect(server.made).toHaveLength(1);
      expect(heard.at(-1)).toEqual({ type: "fault", filter: "~zz", fault: value });
      expect(feed.snapshot().at(-1)).toEqual(heard.at(-1));
      expect(states()).toEqual(["live"]);
    });
  });
});

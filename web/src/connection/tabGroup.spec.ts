import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Port, ToHub, ToTab } from "./protocol";
import { type Channel, TabGroup, type TabHub } from "./tabGroup";

/* The channels of one browser. */
class Browser {
  private readonly channels = new Map<string, Set<Channel>>();
  /* Tabs whose scripts do not run any more. */
  readonly asleep = new Set<string>();

  open(tab: string, name: string): Channel {
    const all = this.channels.get(name) ?? new Set();
    this.channels.set(name, all);
    const channel: Channel = {
      onmessage: null,
      postMessage: (data) => {
        if (this.asleep.has(tab)) return;
        for (const other of all)
          if (other !== channel)
            queueMicrotask(() => other.onmessage?.({ data } as MessageEvent));
      },
      close: () => all.delete(channel),
    };
    all.add(channel);
    return channel;
  }
}

class Tab {
  readonly heard: ToTab[] = [];
  /* What its hub heard, while it had one. */
  readonly asked: ToHub[] = [];
  hasHub = false;
  hubs = 0;
  readonly group: TabGroup;

  constructor(browser: Browser, name: string) {
    this.group = new TabGroup({
      open: (channel) => browser.open(name, channel),
      hub: (): TabHub => {
        this.hasHub = true;
        return {
          hear: (port: Port<ToTab>, message: ToHub) => {
            this.asked.push(message);
            if (message.type === "watch")
              port.postMessage({ type: "search", filter: message.filter, search: null });
          },
          close: () => {
            this.hasHub = false;
          },
        };
      },
      hear: (message) => this.heard.push(message),
      onHub: () => {
        this.hubs++;
        this.group.say({ type: "watch", filter: name });
      },
    });
  }
}

let browser: Browser;

function tabs(...names: string[]): Tab[] {
  return names.map((name) => {
    // Ids tell which was opened first.
    vi.advanceTimersByTime(1);
    return new Tab(browser, name);
  });
}

const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const told = (tab: Tab) =>
  tab.heard.map((m) => (m.type === "search" ? m.filter : m.type));

beforeEach(() => {
  vi.useFakeTimers();
  browser = new Browser();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("tabs without a SharedWorker", () => {
  it("one alone has the hub itself", async () => {
    const [a] = tabs("a") as [Tab];
    a.group.join();
    await passes(500);
    expect(a.hasHub).toBe(true);
    expect(told(a)).toEqual(["a"]);
  });

  it("share one hub, that of the first, and each hears what it asked for", async () => {
    const all = tabs("a", "b", "c");
    for (const tab of all) tab.group.join();
    await passes(2000);
    expect(all.map(({ hasHub }) => hasHub)).toEqual([true, false, false]);
    expect(all.map(told)).toEqual([["a"], ["b"], ["c"]]);
  });

  it("find the hub that there is when they come later", async () => {
    const [a, b] = tabs("a", "b") as [Tab, Tab];
    b.group.join();
    await passes(500);
    a.group.join();
    await passes(500);
    expect([a.hasHub, b.hasHub]).toEqual([false, true]);
    expect(told(a)).toEqual(["a"]);
  });

  it("have another one at once when the tab that had it goes", async () => {
    const [a, b, c] = tabs("a", "b", "c") as [Tab, Tab, Tab];
    for (const tab of [a, b, c]) tab.group.join();
    await passes(1000);
    a.group.leave();
    await passes(500);
    expect([a.hasHub, b.hasHub, c.hasHub]).toEqual([false, true, false]);
    expect(told(c)).toEqual(["c", "c"]);
    // Who left and comes back follows.
    a.group.join();
    await passes(500);
    expect([a.hasHub, b.hasHub]).toEqual([false, true]);
    expect(told(a)).toEqual(["a", "a"]);
  });

  it("have another one when the tab that had it sleeps, and only one when it wakes", async () => {
    const [a, b] = tabs("a", "b") as [Tab, Tab];
    for (const tab of [a, b]) tab.group.join();
    await passes(1000);
    browser.asleep.add("a");
    await passes(8000);
    expect(b.hasHub).toBe(true);
    browser.asleep.delete("a");
    await passes(5000);
    expect([a.hasHub, b.hasHub]).toEqual([true, false]);
    expect(told(b)).toEqual(["b", "b", "b"]);
  });

  it("say nothing to a hub before there is one, and hear of it once", async () => {
    const [a, b] = tabs("a", "b") as [Tab, Tab];
    a.group.join();
    await passes(500);
    b.group.say({ type: "wake" });
    b.group.join();
    await passes(10_000);
    expect(a.asked.filter(({ type }) => type === "wake")).toEqual([]);
    expect(b.hubs).toBe(1);
  });
});

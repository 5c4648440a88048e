import { Alarms } from "./alarms";
import { type Calls, Feed } from "./feed";
import type { Port, ToHub, ToTab } from "./protocol";
import { Slots } from "./slots";

/* Streams held at once, of the six connections that a browser allows. */
const streamSlots = 4;

const pingMs = 10_000;
/* A tab that was silent for so long gets nothing more until it speaks. */
const silentMs = 35_000;

interface Tab {
  filter: string;
  heardAt: number;
  /* Messages were held back while it was silent. */
  behind: boolean;
  alarms: readonly string[];
}

const isSilent = (tab: Tab) => Date.now() - tab.heardAt > silentMs;

/*
 * Shares streams among tabs: one Feed for each distinct filter in use. It
 * runs in a SharedWorker, or in the tab itself where there is none.
 */
export class Hub {
  private readonly tabs = new Map<Port<ToTab>, Tab>();
  private readonly feeds = new Map<string, Feed>();
  private readonly slots = new Slots(streamSlots);

  private readonly alarms: Alarms;

  private readonly pings: ReturnType<typeof setInterval>;

  constructor(private readonly calls: Calls) {
    this.alarms = new Alarms(calls, this.slots, (filter, row, count) => {
      this.latestTab(filter)?.postMessage({ type: "alarm", filter, row, count });
    });
    this.pings = setInterval(() => this.ping(), pingMs);
  }

  /* Tells and asks nothing more. */
  close(): void {
    clearInterval(this.pings);
    this.tabs.clear();
    this.setAlarms();
    for (const feed of this.feeds.values()) feed.close();
    this.feeds.clear();
  }

  /* What the tab at `port` says. */
  hear(port: Port<ToTab>, message: ToHub): void {
    if (message.type === "watch") return this.attach(port, message.filter);
    const tab = this.tabs.get(port);
    if (!tab) return;
    if (message.type === "bye") return this.detach(port, tab);
    if (message.type === "alarms") tab.alarms = message.filters;
    if (message.type === "alarms") this.setAlarms();
    this.heard(port, tab);
    if (message.type === "wake") this.feeds.get(tab.filter)?.wake();
  }

  private attach(port: Port<ToTab>, filter: string): void {
    const { filter: before, alarms = [] } = this.tabs.get(port) ?? {};
    this.tabs.set(port, { filter, heardAt: Date.now(), behind: false, alarms });
    if (before !== undefined && before !== filter) this.closeUnused(before);
    const feed = this.feeds.get(filter) ?? this.open(filter);
    for (const message of feed.snapshot()) port.postMessage(message);
  }

  private open(filter: string): Feed {
    const tell = (message: ToTab) => this.tell(filter, message);
    const feed = new Feed(filter, this.calls, this.slots, tell);
    this.feeds.set(filter, feed);
    return feed;
  }

  private tell(filter: string, message: ToTab): void {
    for (const [port, tab] of this.tabs) {
      if (tab.filter !== filter) continue;
      if (isSilent(tab)) tab.behind = true;
      else port.postMessage(message);
    }
  }

  private heard(port: Port<ToTab>, tab: Tab): void {
    tab.heardAt = Date.now();
    if (tab.behind || !this.feeds.has(tab.filter)) this.attach(port, tab.filter);
  }

  private detach(port: Port<ToTab>, tab: Tab): void {
    this.tabs.delete(port);
    this.closeUnused(tab.filter);
    this.setAlarms();
  }

  private setAlarms(): void {
    const alive = [...this.tabs.values()].filter((tab) => !isSilent(tab));
    this.alarms.set(alive.flatMap(({ alarms }) => alarms));
  }

  /* One tab tells its reader of an alarm: the one that was heard last. */
  private latestTab(filter: string): Port<ToTab> | undefined {
    const ports = [...this.tabs].filter(([, { alarms }]) => alarms.includes(filter));
    return ports.sort(([, a], [, b]) => b.heardAt - a.heardAt)[0]?.[0];
  }

  private closeUnused(filter: string): void {
    for (const tab of this.tabs.values()) if (tab.filter === filter) return;
    this.feeds.get(filter)?.close();
    this.feeds.delete(filter);
  }

  /* A closed tab that said no `bye` never answers; its stream goes too. */
  private ping(): void {
    const wanted = new Set<string>();
    for (const [port, tab] of this.tabs) {
      port.postMessage({ type: "ping" });
      if (!isSilent(tab)) wanted.add(tab.filter);
    }
    this.setAlarms();
    for (const [filter, feed] of this.feeds) {
      if (wanted.has(filter)) continue;
      feed.close();
      this.feeds.delete(filter);
    }
  }
}

import workerUrl from "virtual:worker-url";
import { calls } from "./api";
import { Hub } from "./hub";
import type { ToHub, ToTab } from "./protocol";
import { TabGroup } from "./tabGroup";

// The hub pings every 10 s; three missed, and it is gone.
const hubSilenceMs = 35_000;
// A hidden tab without a worker leaves its group after so long: it may sleep.
const hiddenMs = 10_000;

export type AlarmMessage = Extract<ToTab, { type: "alarm" }>;

/*
 * A tab's way to the hub: in the SharedWorker, or, where a browser has none
 * or its script does not start, in one of the tabs.
 */
export class LiveClient {
  private port: MessagePort | null = null;
  private group: TabGroup | null = null;
  private filter = "";
  private heardAt = Date.now();
  private hideTimer: ReturnType<typeof setTimeout> | undefined;

  private alarms: readonly string[] = [];
  private onAlarm: ((alarm: AlarmMessage) => void) | null = null;

  constructor(private readonly onMessage: (message: ToTab) => void) {}

  start(filter: string): void {
    this.filter = filter;
    this.connect();
    addEventListener("pagehide", () => {
      if (this.group) this.group.leave();
      else this.say({ type: "bye" });
    });
    addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      if (this.group) this.group.join();
      else this.tellAll();
    });
    addEventListener("online", () => this.say({ type: "wake" }));
    document.addEventListener("visibilitychange", () => this.visibilityChanged());
    setInterval(() => this.checkHub(), 5000);
  }

  watch(filter: string): void {
    this.filter = filter;
    this.say({ type: "watch", filter });
  }

  /* Tell of new flows that match one of these filters, until told otherwise. */
  watchAlarms(filters: readonly string[], onAlarm: (alarm: AlarmMessage) => void): void {
    this.onAlarm = onAlarm;
    this.alarms = filters;
    this.say({ type: "alarms", filters });
  }

  private say(message: ToHub): void {
    if (this.port) this.port.postMessage(message);
    else this.group?.say(message);
  }

  private connect(): void {
    this.say({ type: "bye" });
    this.port?.close();
    this.port = this.openShared();
    this.heardAt = Date.now();
    if (this.port) this.tellAll();
    else this.group?.join();
  }

  /* All that a hub has to know of this tab. */
  private tellAll(): void {
    this.watch(this.filter);
    if (this.alarms.length > 0) this.say({ type: "alarms", filters: this.alarms });
  }

  /* null: this browser has none. */
  private openShared(): MessagePort | null {
    if (this.group) return null;
    if (typeof SharedWorker === "undefined") return this.fallBack();
    try {
      const worker = new SharedWorker(workerUrl, {
        type: "module",
        name: "mitmflow",
      });
      worker.onerror = () => {
        this.fallBack();
        this.connect();
      };
      worker.port.onmessage = (event: MessageEvent<ToTab>) => this.hear(event.data);
      return worker.port;
    } catch {
      return this.fallBack();
    }
  }

  private fallBack(): null {
    this.group ??= new TabGroup({
      open: (name) => new BroadcastChannel(name),
      hub: () => new Hub(calls),
      hear: (message) => this.hear(message),
      onHub: () => this.tellAll(),
    });
    return null;
  }

  private hear(message: ToTab): void {
    this.heardAt = Date.now();
    if (message.type === "ping") this.say({ type: "pong" });
    else if (message.type === "alarm") this.onAlarm?.(message);
    else this.onMessage(message);
  }

  private visibilityChanged(): void {
    clearTimeout(this.hideTimer);
    const { group } = this;
    if (document.visibilityState === "visible") {
      group?.join();
      this.say({ type: "wake" });
    } else if (group) {
      this.hideTimer = setTimeout(() => group.leave(), hiddenMs);
    }
  }

  /* A worker that the browser has ended says nothing; ask for another. */
  private checkHub(): void {
    if (this.group || document.visibilityState !== "visible") return;
    if (Date.now() - this.heardAt > hubSilenceMs) this.connect();
  }
}

import workerUrl from "virtual:worker-url";
import { calls } from "./api";
import { Hub } from "./hub";
import type { Port, ToHub, ToTab } from "./protocol";

// The hub pings every 10 s; three missed, and it is gone.
const hubSilenceMs = 35_000;
// A hidden tab without a worker gives its connection back after so long.
const hiddenMs = 10_000;

export type AlarmMessage = Extract<ToTab, { type: "alarm" }>;

/*
 * A tab's way to the hub: in the SharedWorker, or, where a browser has none
 * or its script does not start, in this tab.
 */
export class LiveClient {
  private port: (Port<ToHub> & { close(): void }) | null = null;
  private local: Hub | null = null;
  private filter = "";
  private heardAt = Date.now();
  private hideTimer: ReturnType<typeof setTimeout> | undefined;

  private alarms: readonly string[] = [];
  private onAlarm: ((alarm: AlarmMessage) => void) | null = null;

  constructor(private readonly onMessage: (message: ToTab) => void) {}

  start(filter: string): void {
    this.filter = filter;
    this.connect();
    addEventListener("pagehide", () => this.say({ type: "bye" }));
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.say({ type: "watch", filter: this.filter });
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
    this.port?.postMessage(message);
  }

  private connect(): void {
    this.say({ type: "bye" });
    this.port?.close();
    this.port = this.local ? this.openLocal(this.local) : this.openShared();
    this.heardAt = Date.now();
    this.watch(this.filter);
    if (this.alarms.length > 0) this.say({ type: "alarms", filters: this.alarms });
  }

  private openShared(): Port<ToHub> & { close(): void } {
    if (typeof SharedWorker === "undefined") return this.fallBack();
    try {
      const worker = new SharedWorker(workerUrl, {
        type: "module",
        name: "mitmflow",
      });
      worker.onerror = () => {
        this.local = new Hub(calls);
        this.connect();
      };
      worker.port.onmessage = (event: MessageEvent<ToTab>) => this.hear(event.data);
      return worker.port;
    } catch {
      return this.fallBack();
    }
  }

  private fallBack(): Port<ToHub> & { close(): void } {
    this.local = new Hub(calls);
    return this.openLocal(this.local);
  }

  private openLocal(hub: Hub): Port<ToHub> & { close(): void } {
    const back: Port<ToTab> = { postMessage: (message) => this.hear(message) };
    return {
      postMessage: (message) => hub.hear(back, message),
      close: () => hub.hear(back, { type: "bye" }),
    };
  }

  private hear(message: ToTab): void {
    this.heardAt = Date.now();
    if (message.type === "ping") this.say({ type: "pong" });
    else if (message.type === "alarm") this.onAlarm?.(message);
    else this.onMessage(message);
  }

  private visibilityChanged(): void {
    clearTimeout(this.hideTimer);
    if (document.visibilityState === "visible") {
      if (this.local) this.watch(this.filter);
      this.say({ type: "wake" });
    } else if (this.local) {
      this.hideTimer = setTimeout(() => this.say({ type: "bye" }), hiddenMs);
    }
  }

  /* A worker that the browser has ended says nothing; ask for another. */
  private checkHub(): void {
    if (this.local || document.visibilityState !== "visible") return;
    if (Date.now() - this.heardAt > hubSilenceMs) this.connect();
  }
}

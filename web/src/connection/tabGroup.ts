import type { Port, ToHub, ToTab } from "./protocol";

/* What the tabs of a browser say to all of them. `from`: the id of a tab. */
export type Said =
  | { type: "who" | "claim" | "lead" | "leave"; from: string }
  | { type: "say"; from: string; message: ToHub };

/* A BroadcastChannel, as far as it is used. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close(): void;
}

/* A hub that can be let go of. */
export interface TabHub {
  hear(port: Port<ToTab>, message: ToHub): void;
  close(): void;
}

export interface Tools {
  open(name: string): Channel;
  hub(): TabHub;
  /* What the hub says to this tab. */
  hear(message: ToTab): void;
  /* There is a hub that knows nothing of this tab yet. */
  onHub(): void;
}

const channelName = "mitmflow";
// An answer from another tab comes sooner.
const answerMs = 100;
const beatMs = 2000;
const silenceMs = 5000;

/*
 * Tabs that share one hub without a SharedWorker: one of them, the leader, has
 * it, and speaks to the others over BroadcastChannels. Who comes asks for the
 * leader, and claims to be it if there is no answer; of several claims that of
 * the tab with the least id holds, which is the one that was opened first. It
 * takes no lock, which only secure contexts have.
 */
export class TabGroup {
  private readonly id: string;
  private readonly all: Channel;
  private readonly mine: Channel;
  private readonly others = new Map<string, Channel & Port<ToTab>>();
  private leader: string | null = null;
  private hub: TabHub | null = null;
  private isClaiming = false;
  private heardAt = 0;
  private next: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setInterval> | undefined;
  private readonly self: Port<ToTab>;

  constructor(private readonly tools: Tools) {
    const opened = Date.now().toString(36).padStart(10, "0");
    this.id = `${opened}-${Math.random().toString(36).slice(2)}`;
    this.self = { postMessage: (message) => tools.hear(message) };
    this.mine = tools.open(`${channelName} ${this.id}`);
    this.mine.onmessage = ({ data }) => tools.hear(data as ToTab);
    this.all = tools.open(channelName);
    this.all.onmessage = ({ data }) => this.hear(data as Said);
  }

  /* Finds the leader, or becomes it; does nothing where it is known. */
  join(): void {
    if (this.leader !== null || this.next !== undefined) return;
    this.post("who");
    this.soon(answerMs, () => this.claim());
  }

  /* Has no hub any more, and gives up its own, until it joins again. */
  leave(): void {
    this.say({ type: "bye" });
    const led = this.hub !== null;
    this.forget();
    if (led) this.post("leave");
  }

  say(message: ToHub): void {
    if (this.hub) this.hub.hear(this.self, message);
    else if (this.leader !== null)
      this.all.postMessage({ type: "say", from: this.id, message } satisfies Said);
  }

  private post(type: "who" | "claim" | "lead" | "leave"): void {
    this.all.postMessage({ type, from: this.id } satisfies Said);
  }

  private soon(afterMs: number, what: () => void): void {
    clearTimeout(this.next);
    this.next = setTimeout(() => {
      this.next = undefined;
      what();
    }, afterMs);
  }

  private forget(): void {
    clearTimeout(this.next);
    clearInterval(this.beat);
    this.next = undefined;
    this.isClaiming = false;
    this.leader = null;
    this.hub?.close();
    this.hub = null;
    for (const other of this.others.values()) other.close();
    this.others.clear();
  }

  private claim(): void {
    this.forget();
    this.isClaiming = true;
    this.post("claim");
    this.soon(answerMs, () => this.lead());
  }

  private lead(): void {
    this.forget();
    this.leader = this.id;
    this.hub = this.tools.hub();
    this.post("lead");
    this.beat = setInterval(() => this.post("lead"), beatMs);
    this.tools.onHub();
  }

  private follow(leader: string): void {
    this.heardAt = Date.now();
    if (this.leader === leader) return;
    this.forget();
    this.leader = leader;
    this.beat = setInterval(() => {
      if (Date.now() - this.heardAt > silenceMs) this.claim();
    }, beatMs / 2);
    this.tools.onHub();
  }

  private hear(said: Said): void {
    const { type, from } = said;
    // Who has left does not take part.
    const isOut = this.leader === null && this.next === undefined;
    if (isOut || from === this.id) return;
    if (type === "say") this.hub?.hear(this.portOf(from), said.message);
    else if (type === "lead") this.hearLeader(from);
    else if (type === "leave") this.left(from);
    else if (this.hub) this.post("lead");
    else if (type === "claim") this.hearClaim(from);
  }

  /* Of two leaders one had been asleep while the other was found. */
  private hearLeader(from: string): void {
    if (this.hub && this.id < from) this.post("lead");
    else this.follow(from);
  }

  private left(from: string): void {
    if (this.leader === from) this.claim();
  }

  private hearClaim(from: string): void {
    if (this.isClaiming && this.id < from) return this.post("claim");
    // It leads soon, or has gone meanwhile.
    this.isClaiming = false;
    this.soon(3 * answerMs, () => this.claim());
  }

  private portOf(tab: string): Port<ToTab> {
    const known = this.others.get(tab);
    if (known) return known;
    const channel = this.tools.open(`${channelName} ${tab}`);
    this.others.set(tab, channel);
    return channel;
  }
}

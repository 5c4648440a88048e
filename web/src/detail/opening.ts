import { type Ahead, forgetAhead, readAhead } from "../bodies/ahead";
import type { Row } from "../connection/row";
import { BodyPlace } from "../gen/mitmflow/v1/mitmflow_pb";
import type { Loaded } from "./FlowLoader";
import { fetchFlow } from "./fetchFlow";
import type { Tab } from "./tabs";

/*
 * A flow that is about to be shown: what its pane needs is got at once and
 * side by side, before there is a pane for it.
 */
export class Opening {
  /* The answer, once it is here. */
  loaded: Loaded | null = null;
  /* When that was, as Date.now(). */
  loadedAt = 0;
  readonly loading: Promise<Loaded>;
  /* All that is seen first is here, or cannot be had. */
  isReady = false;
  /* Resolves then. */
  readonly ready: Promise<void>;
  isTaken = false;
  private readonly bodies: Ahead[];
  private readonly abort = new AbortController();
  private tell = () => {};

  constructor(
    readonly row: Row,
    places: readonly BodyPlace[],
  ) {
    const { number } = row;
    const change = String(row.change);
    this.ready = new Promise((resolve) => {
      this.tell = resolve;
    });
    this.loading = this.load();
    this.bodies = places.map((place) =>
      readAhead({ number, place, change }, () => this.look()),
    );
  }

  /* Who has taken it ends it. */
  stop(): void {
    for (const body of this.bodies) forgetAhead(body);
    if (!this.isTaken) this.abort.abort();
  }

  private async load(): Promise<Loaded> {
    const { number } = this.row;
    const loaded: Loaded = { number, flow: null, error: null };
    try {
      loaded.flow = await fetchFlow(number, this.abort.signal);
    } catch (error) {
      loaded.error = error;
    }
    this.loaded = loaded;
    this.loadedAt = Date.now();
    this.look();
    return loaded;
  }

  private look(): void {
    this.isReady = this.loaded !== null && this.bodies.every((body) => body.isReady);
    if (this.isReady) this.tell();
  }
}

// The open one, the next one by keys, and those that the mouse was pressed on.
const most = 4;
const openings = new Map<number, Opening>();

export function openingOf(number: number): Opening | undefined {
  return openings.get(number);
}

/* Which bodies are seen first. One of a flow that grows is got after it. */
export function placesOf(row: Row, tab: Tab, wide: boolean): BodyPlace[] {
  if (row.kind !== "http" || row.state !== "ended") return [];
  if (tab !== "request" && tab !== "response") return [];
  if (wide) return [BodyPlace.REQUEST, BodyPlace.RESPONSE];
  return [tab === "request" ? BodyPlace.REQUEST : BodyPlace.RESPONSE];
}

/* Begins to get what is needed of a flow, unless that is here or on its way. */
export function openAhead(row: Row, places: readonly BodyPlace[]): Opening {
  const found = openings.get(row.number);
  const isGood = found?.row.change === row.change && !found.loaded?.error;
  const opening = found && isGood ? found : new Opening(row, places);
  // The last one in the map is the one that was wanted last.
  openings.delete(row.number);
  openings.set(row.number, opening);
  if (found && found !== opening) found.stop();
  for (const [number, oldest] of openings) {
    if (openings.size <= most) break;
    openings.delete(number);
    oldest.stop();
  }
  return opening;
}

import { type Decoded, decode } from "../decoded/decode";
import type { BodyLoader } from "./BodyLoader";
import { bodyLoader } from "./loader";
import { isReadAsItIs } from "./modes";
import { type BodySource, sameSource } from "./source";

/*
 * A body that is got before its view is there, and what the server reads in
 * it, where that is what is seen first.
 */
export class Ahead {
  readonly loader: BodyLoader;
  decoding: Promise<Decoded> | null = null;
  decoded: Decoded | null = null;
  /* What is seen first is here, or cannot be had. */
  isReady = false;
  isTaken = false;
  private readonly abort = new AbortController();
  private readonly unlisten: () => void;

  /* `tell` is called once it is ready. */
  constructor(
    readonly source: BodySource,
    private readonly tell: () => void,
  ) {
    this.loader = bodyLoader(source, false);
    this.unlisten = this.loader.listen(({ info, error }) => {
      if (info) this.came(isReadAsItIs(info));
      else if (error) this.ready();
    });
    this.loader.start();
  }

  /* Who has taken it ends it. */
  stop(): void {
    this.unlisten();
    if (this.isTaken) return;
    this.abort.abort();
    this.loader.stop();
  }

  private came(isAll: boolean): void {
    this.unlisten();
    if (isAll) return this.ready();
    this.decoding = decode(this.source, this.abort.signal);
    void this.decoding.then((decoded) => {
      this.decoded = decoded;
      this.ready();
    });
  }

  private ready(): void {
    this.isReady = true;
    this.tell();
  }
}

const all = new Set<Ahead>();

export function readAhead(source: BodySource, tell: () => void): Ahead {
  const ahead = new Ahead(source, tell);
  all.add(ahead);
  return ahead;
}

export function forgetAhead(ahead: Ahead): void {
  all.delete(ahead);
  ahead.stop();
}

/* What was got of this body ahead; it is the caller's then, too. */
export function takeAhead(source: BodySource): Ahead | undefined {
  for (const ahead of all) {
    if (!sameSource(ahead.source, source)) continue;
    ahead.isTaken = true;
    return ahead;
  }
  return undefined;
}

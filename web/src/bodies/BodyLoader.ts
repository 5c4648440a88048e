import type { BodyEnd, BodyInfo, GetBodyResponse } from "../gen/mitmflow/v1/mitmflow_pb";

export interface Body {
  info: BodyInfo | null;
  /* From its start, as far as it was asked for. */
  bytes: Uint8Array;
  /* Of the whole; null: not known before it was read to its end. */
  size: number | null;
  /* Why it ends here though it should go on. */
  fault: string;
  error: unknown;
  /* Bytes that came of the rest, while that is on its way. */
  coming: number | null;
  /* More of its beginning is on its way, which nobody asked for twice. */
  isBeginning: boolean;
}

export const noBody: Body = {
  info: null,
  bytes: new Uint8Array(),
  size: null,
  fault: "",
  error: null,
  coming: null,
  isBeginning: false,
};

export type FetchBody = (
  range: { offset: number; length: number },
  signal: AbortSignal,
) => AsyncIterable<GetBodyResponse>;

// A longer body is shown to here until the reader asks for the rest.
export const firstLen = 2_000_000;
// What a screen shows of it need not wait for the rest.
const headLen = 16_000;
const tellMs = 100;

/* Bytes that grow at their end. */
class Bytes {
  private data = new Uint8Array(64 * 1024);
  length = 0;

  push(more: Uint8Array): void {
    const need = this.length + more.length;
    if (need > this.data.length) {
      const grown = new Uint8Array(Math.max(need, this.data.length * 2));
      grown.set(this.data.subarray(0, this.length));
      this.data = grown;
    }
    this.data.set(more, this.length);
    this.length = need;
  }

  get(): Uint8Array {
    return this.data.subarray(0, this.length);
  }
}

/* Gets the beginning of a body, and the rest when somebody wants it. */
export class BodyLoader {
  /* What came so far. */
  body = noBody;
  private readonly bytes = new Bytes();
  private readonly listeners = new Set<(body: Body) => void>();
  private abort: AbortController | null = null;

  constructor(private readonly fetchBody: FetchBody) {}

  /* Tells of all that comes; gives back what ends that. */
  listen(listener: (body: Body) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /* Gets its beginning, or what is missing of that. */
  start(): void {
    if (this.abort || (this.body !== noBody && !this.body.isBeginning)) return;
    void this.read(firstLen - this.bytes.length);
  }

  rest(): void {
    if (this.abort || this.body.size !== null) return;
    this.change({ coming: 0 });
    void this.read(0);
  }

  /* What came stays. */
  stop(): void {
    this.abort?.abort();
    this.abort = null;
    if (this.body.coming !== null) {
      this.change({ coming: null, bytes: this.bytes.get() });
    }
  }

  private change(change: Partial<Body>): void {
    this.body = { ...this.body, ...change };
    for (const listener of this.listeners) listener(this.body);
  }

  private async read(length: number): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    const offset = this.bytes.length;
    let told = performance.now();
    let info = this.body.info;
    let end: BodyEnd | undefined;
    try {
      for await (const part of this.fetchBody({ offset, length }, abort.signal)) {
        if (abort.signal.aborted) return;
        info ??= part.info ?? null;
        end ??= part.end;
        this.bytes.push(part.data);
        if (end) continue;
        if (this.body === noBody) {
          const bytes = this.bytes.get().subarray(0, headLen);
          this.change({ info, bytes, isBeginning: true });
        }
        if (this.body.coming === null || performance.now() - told < tellMs) continue;
        told = performance.now();
        this.change({ coming: this.bytes.length - offset });
      }
      this.abort = null;
      this.change({
        info,
        bytes: this.bytes.get(),
        size: sizeOf(end, this.bytes.length),
        fault: end?.error ?? "",
        coming: null,
        isBeginning: false,
      });
    } catch (error) {
      if (abort.signal.aborted) return;
      this.abort = null;
      const bytes = this.bytes.get();
      this.change({ info, error, bytes, coming: null, isBeginning: false });
    }
  }
}

/* An empty body has a size of 0 too, which elsewhere says: not known. */
function sizeOf(end: BodyEnd | undefined, came: number): number | null {
  const size = Number(end?.size ?? 0);
  return size > 0 || came === 0 ? size : null;
}

import { type End, type Job, layOut, type Style } from "./layout";
import type { Batch } from "./lines";
import type { Answer } from "./orders";

export interface Taker {
  batch(batch: Batch): void;
  end(end: End): void;
  /* It cannot be laid out so; nothing more comes. */
  failed(why: string): void;
}

// Shorter texts are there before a worker could be asked, and so is as much of
// longer ones.
export const inlineLen = 32_000;
// Whatever takes longer was made to: a worker is stopped by nothing else.
const longestMs = 5000;
// Longer markup or code is not indented: 1 MB takes half a second.
const longestIndented = 2_000_000;

let worker: Worker | null = null;
let lastId = 0;
const takers = new Map<number, { taker: Taker; job: Job }>();

function start(): Worker {
  if (worker) return worker;
  const made = new Worker(new URL("./layout.worker.ts", import.meta.url), {
    type: "module",
  });
  made.onmessage = (event: MessageEvent<Answer>) => take(event.data);
  made.onerror = () => {
    for (const id of takers.keys()) take({ id, error: "the worker ended" });
  };
  worker = made;
  return made;
}

function take(answer: Answer): void {
  const found = takers.get(answer.id);
  if (!found) return;
  const { taker } = found;
  if ("batch" in answer) return taker.batch(answer.batch);
  takers.delete(answer.id);
  if ("end" in answer) taker.end(answer.end);
  else taker.failed(answer.error);
}

/* The bytes are copied once, not with all of the buffer that they are in. */
function order(id: number, job: Job): void {
  const bytes = job.bytes.slice();
  start().postMessage({ id, job: { ...job, bytes } }, [bytes.buffer]);
}

/* Ends what the worker does now; what else was ordered begins anew. */
function restart(): void {
  worker?.terminate();
  worker = null;
  for (const [id, { job }] of takers) order(id, job);
}

/* What is laid out bit by bit, which can be stopped. */
export function isLight(style: Style): boolean {
  return style === "plain" || style === "json";
}

/* Lays a text out; gives back what ends it early. */
export function lay(job: Job, taker: Taker): () => void {
  const isQuick = isLight(job.style);
  if (isQuick && job.bytes.length <= inlineLen) {
    const laid = layOut(job);
    let next = laid.next();
    for (; !next.done; next = laid.next()) taker.batch(next.value);
    taker.end(next.value);
    return () => {};
  }
  if (!isQuick && job.bytes.length > longestIndented) {
    const timer = setTimeout(() => taker.failed("it is too long to be indented"), 0);
    return () => clearTimeout(timer);
  }
  const id = ++lastId;
  takers.set(id, { taker, job });
  order(id, job);
  const timer = setTimeout(() => {
    if (isQuick || !takers.delete(id)) return;
    restart();
    taker.failed("it takes too long");
  }, longestMs);
  return () => {
    clearTimeout(timer);
    if (!takers.delete(id)) return;
    if (isQuick) worker?.postMessage({ stop: id });
    else restart();
  };
}

/* Has the worker ready before the first long text comes. */
export function warmUp(): void {
  start();
}

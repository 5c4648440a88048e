import { api } from "../connection/api";
import type { BodyPlace, GetBodyResponse } from "../gen/mitmflow/v1/mitmflow_pb";
import { firstLen } from "./BodyLoader";
import { type BodySource, bodyRef } from "./source";

/*
 * A body that will be asked for once its flow is here: asked for at once,
 * so that one does not wait for the other.
 */
interface Primed {
  number: number;
  place: BodyPlace;
  answer: AsyncIterable<GetBodyResponse>;
  abort: AbortController;
}

let primed: Primed | null = null;

export function primeBody(source: BodySource): void {
  const { number, place } = source;
  if (primed?.number === number && primed.place === place) return;
  primed?.abort.abort();
  const abort = new AbortController();
  const request = { body: bodyRef(source), length: BigInt(firstLen) };
  const answer = api.getBody(request, { signal: abort.signal });
  primed = { number, place, answer, abort };
}

/* The answer to it, once. */
export function takePrimed(
  { number, place }: BodySource,
  signal: AbortSignal,
): AsyncIterable<GetBodyResponse> | null {
  if (primed?.number !== number || primed.place !== place) return null;
  const { answer, abort } = primed;
  primed = null;
  signal.addEventListener("abort", () => abort.abort());
  return answer;
}

import { api } from "../connection/api";
import type { GetBodyResponse } from "../gen/mitmflow/v1/mitmflow_pb";
import { firstLen } from "./BodyLoader";
import { type BodySource, bodyRef, sameSource } from "./source";

/*
 * A body that will be asked for once its flow is here: asked for at once,
 * so that one does not wait for the other.
 */
interface Primed {
  source: BodySource;
  answer: AsyncGenerator<GetBodyResponse>;
  abort: AbortController;
}

let primed: Primed | null = null;

/* Begins to read before anybody wants it; what fails fails there. */
function ahead(parts: AsyncIterable<GetBodyResponse>): AsyncGenerator<GetBodyResponse> {
  const iterator = parts[Symbol.asyncIterator]();
  const first = iterator.next();
  first.catch(() => {});
  return (async function* () {
    for (let next = await first; !next.done; next = await iterator.next())
      yield next.value;
  })();
}

export function primeBody(source: BodySource): void {
  if (primed && sameSource(primed.source, source)) return;
  primed?.abort.abort();
  const abort = new AbortController();
  const request = { body: bodyRef(source), length: BigInt(firstLen) };
  const answer = ahead(api.getBody(request, { signal: abort.signal }));
  primed = { source, answer, abort };
}

/* The answer to it, once. */
export function takePrimed(
  source: BodySource,
  signal: AbortSignal,
): AsyncIterable<GetBodyResponse> | null {
  if (!primed || !sameSource(primed.source, source)) return null;
  const { answer, abort } = primed;
  primed = null;
  signal.addEventListener("abort", () => abort.abort());
  return answer;
}

import { useEffect, useState } from "react";
import { type BodySource, bodyRef } from "../bodies/source";
import { api, callTimeoutMs } from "../connection/api";
import type { Node } from "../gen/mitmflow/v1/mitmflow_pb";
import { wordsOf } from "../wire/failure";

export interface Decoded {
  kind: string;
  nodes: Node[];
  limited: boolean;
  error: string;
}

// More are not looked at by anyone; the server is not asked for them.
const nodeLimit = 20_000;

const none: Decoded = { kind: "", nodes: [], limited: false, error: "" };

async function decode(source: BodySource, signal: AbortSignal): Promise<Decoded> {
  const decoded: Decoded = { ...none, nodes: [] };
  const options = { signal, timeoutMs: callTimeoutMs };
  for await (const part of api.decode({ body: bodyRef(source), nodeLimit }, options)) {
    decoded.kind = part.info?.kind ?? decoded.kind;
    for (const node of part.nodes) decoded.nodes.push(node);
    decoded.limited = part.end?.limited ?? decoded.limited;
    decoded.error = part.end?.error ?? decoded.error;
  }
  return decoded;
}

/* What the server reads in a body; null until it is known. A newer version
   takes the place of the one before once it has come. */
export function useDecoded(source: BodySource): Decoded | null {
  const { number, place, index, change } = source;
  const [told, setTold] = useState<{ of: string; decoded: Decoded } | null>(null);
  const of = `${number} ${place} ${index}`;
  useEffect(() => {
    const abort = new AbortController();
    const wanted = { number, place, ...(index !== undefined && { index }), change };
    decode(wanted, abort.signal)
      .catch((error) => ({ ...none, error: wordsOf(error) }))
      .then((decoded) => {
        if (!abort.signal.aborted) setTold({ of, decoded });
      });
    return () => abort.abort();
  }, [of, number, place, index, change]);
  return told?.of === of ? told.decoded : null;
}

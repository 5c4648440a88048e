import { ConnectError } from "@connectrpc/connect";
import { useEffect, useMemo, useState } from "react";
import { api, callTimeoutMs } from "../connection/api";
import type { BodyPlace, Node } from "../gen/mitmflow/v1/mitmflow_pb";

/* Which body, for the server to decode; of a version of its flow. */
export interface BodySource {
  number: number;
  place: BodyPlace;
  change: string;
}

export interface Decoded {
  kind: string;
  nodes: Node[];
  limited: boolean;
  error: string;
}

// More are not looked at by anyone; the server is not asked for them.
const nodeLimit = 2000;

async function decode(source: BodySource, signal: AbortSignal): Promise<Decoded> {
  const decoded: Decoded = { kind: "", nodes: [], limited: false, error: "" };
  const body = { number: BigInt(source.number), place: source.place };
  const options = { signal, timeoutMs: callTimeoutMs };
  for await (const part of api.decode({ body, nodeLimit }, options)) {
    decoded.kind = part.info?.kind ?? decoded.kind;
    decoded.nodes.push(...part.nodes);
    decoded.limited = part.end?.limited ?? decoded.limited;
    decoded.error = part.end?.error ?? decoded.error;
  }
  return decoded;
}

/* What the server reads in a body; null until it is known. */
export function useDecoded(source: BodySource): Decoded | null {
  const { number, place, change } = source;
  const same = useMemo(() => ({ number, place, change }), [number, place, change]);
  const [decoded, setDecoded] = useState<[BodySource, Decoded] | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    decode(same, abort.signal)
      .catch((error) => ({
        kind: "",
        nodes: [],
        limited: false,
        error: ConnectError.from(error).rawMessage,
      }))
      .then((result) => {
        if (!abort.signal.aborted) setDecoded([same, result]);
      });
    return () => abort.abort();
  }, [same]);
  return decoded?.[0] === same ? decoded[1] : null;
}

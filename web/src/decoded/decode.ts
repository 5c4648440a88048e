import { type BodySource, bodyRef } from "../bodies/source";
import { api, callTimeoutMs } from "../connection/api";
import type { Node } from "../gen/mitmflow/v1/mitmflow_pb";
import { wordsOf } from "../wire/failure";

/* What the server reads in a body. */
export interface Decoded {
  kind: string;
  nodes: Node[];
  limited: boolean;
  error: string;
}

// More are not looked at by anyone; the server is not asked for them.
const nodeLimit = 20_000;

/* Never rejects: that it failed is told as what was read. */
export async function decode(source: BodySource, signal: AbortSignal): Promise<Decoded> {
  const decoded: Decoded = { kind: "", nodes: [], limited: false, error: "" };
  const options = { signal, timeoutMs: callTimeoutMs };
  try {
    for await (const part of api.decode({ body: bodyRef(source), nodeLimit }, options)) {
      decoded.kind = part.info?.kind ?? decoded.kind;
      for (const node of part.nodes) decoded.nodes.push(node);
      decoded.limited = part.end?.limited ?? decoded.limited;
      decoded.error = part.end?.error ?? decoded.error;
    }
  } catch (error) {
    return {
      kind: "",
      nodes: [],
      limited: false,
      error: wordsOf(error),
    };
  }
  return decoded;
}

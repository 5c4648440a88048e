import { useEffect, useMemo, useState } from "react";
import { api } from "../connection/api";
import { BodyForm } from "../gen/mitmflow/v1/mitmflow_pb";
import { type Body, BodyLoader, noBody } from "./BodyLoader";
import { takePrimed } from "./prime";
import { type BodySource, bodyRef } from "./source";

export interface LoadedBody extends Body {
  loadRest(): void;
  stop(): void;
}

/* The bytes of a body, decoded or as they were on the wire. */
export function useBody(source: BodySource, raw: boolean): LoadedBody {
  const { number, place, index, change } = source;
  const key = `${number} ${place} ${index} ${change} ${raw}`;
  const [told, setTold] = useState<{ key: string; body: Body } | null>(null);
  const loader = useMemo(() => {
    const source = { number, place, ...(index !== undefined && { index }), change };
    const body = bodyRef(source);
    const form = raw ? BodyForm.RAW : BodyForm.UNSPECIFIED;
    return new BodyLoader(
      ({ offset, length }, signal) =>
        (!raw && offset === 0 && takePrimed(source, signal)) ||
        api.getBody(
          { body, form, offset: BigInt(offset), length: BigInt(length) },
          { signal },
        ),
      (body) => setTold((before) => ({ key, body: keepBytes(before?.body, body) })),
    );
  }, [key, number, place, index, change, raw]);
  useEffect(() => {
    loader.start();
    return () => loader.stop();
  }, [loader]);
  // While a newer version of it comes, the one before stays.
  const same = told?.key === key || sameBody(told?.key, key);
  return useMemo(
    () => ({
      ...(same && told ? told.body : noBody),
      loadRest: () => loader.rest(),
      stop: () => loader.stop(),
    }),
    [same, told, loader],
  );
}

function sameBody(a: string | undefined, b: string): boolean {
  const place = (key: string) => {
    const parts = key.split(" ");
    return [...parts.slice(0, 3), parts[4]].join(" ");
  };
  return a !== undefined && place(a) === place(b);
}

/* The same bytes are the same object: what is made of them need not be anew. */
function keepBytes(before: Body | undefined, body: Body): Body {
  const [a, b] = [before?.bytes, body.bytes];
  if (!a || a === b || a.length !== b.length) return body;
  return a.every((byte, index) => byte === b[index]) ? { ...body, bytes: a } : body;
}

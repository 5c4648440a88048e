import { useEffect, useMemo, useState } from "react";
import { takeAhead } from "./ahead";
import { type Body, type BodyLoader, noBody } from "./BodyLoader";
import { beginsWith } from "./bytes";
import { bodyLoader } from "./loader";
import type { BodySource } from "./source";

export interface LoadedBody extends Body {
  loadRest(): void;
  stop(): void;
}

/* The bytes of a body, decoded or as they were on the wire. */
export function useBody(source: BodySource, raw: boolean): LoadedBody {
  const { number, place, index, change } = source;
  const key = `${number} ${place} ${index} ${change} ${raw}`;
  const [told, setTold] = useState<{ key: string; body: Body } | null>(null);
  const loader = useMemo((): BodyLoader => {
    const source = { number, place, ...(index !== undefined && { index }), change };
    return (!raw && takeAhead(source)?.loader) || bodyLoader(source, raw);
  }, [number, place, index, change, raw]);
  useEffect(() => {
    const tell = (body: Body) =>
      setTold((before) => ({ key, body: keepBytes(before?.body, body) }));
    const unlisten = loader.listen(tell);
    if (loader.body !== noBody) tell(loader.body);
    loader.start();
    return () => {
      unlisten();
      loader.stop();
    };
  }, [loader, key]);
  return useMemo(() => {
    // While a newer version of it comes, the one before stays.
    const before = sameBody(told?.key, key) ? told?.body : undefined;
    const here = told?.key === key ? told.body : loader.body;
    return {
      ...(here === noBody ? (before ?? here) : here),
      loadRest: () => loader.rest(),
      stop: () => loader.stop(),
    };
  }, [told, key, loader]);
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
  return beginsWith(b, a) ? { ...body, bytes: a } : body;
}

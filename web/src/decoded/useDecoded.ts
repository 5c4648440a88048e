import { useEffect, useState } from "react";
import { takeAhead } from "../bodies/ahead";
import type { BodySource } from "../bodies/source";
import { whenIdle } from "../ui/idle";
import { type Decoded, decode } from "./decode";

/* `later`: when there is nothing else to do; `never`: as yet. */
type When = "now" | "later" | "never";

/* What the server reads in a body; null until it is known. A newer version
   takes the place of the one before once it has come. */
export function useDecoded(source: BodySource, when: When = "now"): Decoded | null {
  const { number, place, index, change } = source;
  const [told, setTold] = useState<{ of: string; decoded: Decoded } | null>(null);
  const of = `${number} ${place} ${index}`;
  useEffect(() => {
    if (when === "never") return;
    const abort = new AbortController();
    const wanted = { number, place, ...(index !== undefined && { index }), change };
    const read = () =>
      (takeAhead(wanted)?.decoding ?? decode(wanted, abort.signal)).then((decoded) => {
        if (!abort.signal.aborted) setTold({ of, decoded });
      });
    const cancel = when === "later" ? whenIdle(read) : void read();
    return () => {
      cancel?.();
      abort.abort();
    };
  }, [of, number, place, index, change, when]);
  return told?.of === of ? told.decoded : (takeAhead(source)?.decoded ?? null);
}

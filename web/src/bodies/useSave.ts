import { useEffect, useRef, useState } from "react";
import type { Say } from "../ui/notice";
import { download, downloadBody } from "./download";
import type { BodySource } from "./source";

interface Save {
  /* Bytes that came so far; null: nothing is being saved. */
  came: number | null;
  /* `bytes`: the whole body, where that is here already. */
  save(bytes: Uint8Array | null, raw: boolean): void;
  cancel(): void;
}

/* Saves a body as a file, however long it is. */
export function useSave(source: BodySource, fileName: string, say: Say): Save {
  const [came, setCame] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const cancel = () => {
    abort.current?.abort();
    abort.current = null;
    setCame(null);
  };
  const save = (bytes: Uint8Array | null, raw: boolean) => {
    if (bytes) return download([bytes], fileName);
    const control = new AbortController();
    abort.current = control;
    setCame(0);
    let told = performance.now();
    const tell = (now: number) => {
      if (performance.now() - told < 100) return;
      told = performance.now();
      setCame(now);
    };
    downloadBody(source, raw, fileName, tell, control.signal)
      .then(cancel)
      .catch((error) => {
        if (control.signal.aborted) return;
        cancel();
        say(error);
      });
  };
  return { came, save, cancel };
}

import { useSyncExternalStore } from "react";
import { formatAgo } from "../ui/format";

const tickMs = 1000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

/* One clock for all rows, which stands still while nobody reads it. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const tell of listeners) tell();
  }, tickMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/* How long ago a flow began; drawn anew only where the words are others. */
export function Ago({ startMs }: { startMs: number }) {
  return useSyncExternalStore(subscribe, () =>
    formatAgo(Math.max(now, startMs) - startMs),
  );
}

import { useCallback, useEffect, useState } from "react";
import { FlowState } from "../gen/mitmflow/v1/mitmflow_pb";
import { FlowLoader, isGone, type Loaded } from "./FlowLoader";
import { fetchFlow } from "./fetchFlow";
import { openingOf } from "./opening";

// A live flow that the list does not hold tells of no changes: ask.
const pollMs = 2000;

/* The flow `number`, kept up to date; null while it is fetched. */
export function useFlow(number: number | null, change: number | undefined) {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [loader] = useState(() => new FlowLoader(fetchFlow, setLoaded, openingOf));

  useEffect(() => loader.want(number, change ?? 0), [loader, number, change]);
  useEffect(() => () => loader.stop(), [loader]);

  const live = loaded?.flow?.summary?.state === FlowState.LIVE && !isGone(loaded);
  useEffect(() => {
    if (change !== undefined || !live) return;
    const timer = setInterval(() => loader.reload(), pollMs);
    return () => clearInterval(timer);
  }, [loader, change, live]);

  const reload = useCallback(() => loader.reload(), [loader]);
  const ahead = number === null ? undefined : openingOf(number)?.loaded;
  return { loaded: loaded?.number === number ? loaded : (ahead ?? null), reload };
}

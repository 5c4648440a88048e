import { useCallback, useEffect, useState } from "react";
import { api, callTimeoutMs } from "../connection/api";
import { FlowState } from "../gen/mitmflow/v1/mitmflow_pb";
import { type FetchFlow, FlowLoader, type Loaded } from "./FlowLoader";

const fetchFlow: FetchFlow = async (number, signal) => {
  const options = { signal, timeoutMs: callTimeoutMs };
  const answer = await api.getFlow(
    // Bodies and messages are asked for where they are shown.
    { number: BigInt(number), withoutBodies: true, messageLimit: 1 },
    options,
  );
  if (!answer.flow) throw new Error("The server's answer holds no flow.");
  return answer.flow;
};

// A live flow that the list does not hold tells of no changes: ask.
const pollMs = 2000;

/* The flow `number`, kept up to date; null while it is fetched. */
export function useFlow(number: number | null, change: number | undefined) {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [loader] = useState(() => new FlowLoader(fetchFlow, setLoaded));

  useEffect(() => loader.want(number, change ?? 0), [loader, number, change]);
  useEffect(() => () => loader.stop(), [loader]);

  const live = loaded?.flow?.summary?.state === FlowState.LIVE;
  useEffect(() => {
    if (change !== undefined || !live) return;
    const timer = setInterval(() => loader.reload(), pollMs);
    return () => clearInterval(timer);
  }, [loader, change, live]);

  const reload = useCallback(() => loader.reload(), [loader]);
  return { loaded: loaded?.number === number ? loaded : null, reload };
}

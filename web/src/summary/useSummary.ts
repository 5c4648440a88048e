import { useEffect, useState } from "react";
import type { FlowsSummary } from "../gen/mitmflow/v1/mitmflow_pb";
import { useLive } from "../store/hooks";
import { type Asked, fetchSummary } from "./fetch";
import { Refresher } from "./refresher";

/* Asked no more often than that while flows come. */
const restMs = 1000;

export interface Told {
  asked: Asked;
  summary: FlowsSummary;
}

/*
 * What the server tells of the flows that a filter finds, kept up to date
 * while the tab is seen. null: nothing yet. What was told before stays until
 * the next is there; the server's failures are the list's to tell.
 */
export function useSummary(asked: Asked): Told | null {
  const { store } = useLive();
  const [told, setTold] = useState<Told | null>(null);
  const key = JSON.stringify(asked);
  useEffect(() => {
    const wanted = JSON.parse(key) as Asked;
    const refresher = new Refresher(
      async (signal) => {
        try {
          const summary = await fetchSummary(wanted, signal);
          if (!signal.aborted) setTold({ asked: wanted, summary });
        } catch {
          // Asked again when something changes, as it does once it answers.
        }
      },
      restMs,
      () => document.visibilityState === "visible",
    );
    let shown = store.getView();
    const changed = () => {
      const view = store.getView();
      const isSame =
        view.rows === shown.rows &&
        view.total === shown.total &&
        view.evicted === shown.evicted &&
        view.status === shown.status;
      shown = view;
      if (!isSame) refresher.touch();
    };
    const seen = () => refresher.look();
    refresher.touch();
    const leave = store.subscribe(changed);
    document.addEventListener("visibilitychange", seen);
    return () => {
      leave();
      document.removeEventListener("visibilitychange", seen);
      refresher.close();
    };
  }, [key, store]);
  return told;
}

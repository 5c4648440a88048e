import { useCallback, useEffect, useRef, useState } from "react";
import type { AlarmMessage } from "../connection/client";
import { useLive } from "../store/hooks";
import type { Say } from "../ui/notice";
import { keepAlerts, keptAlerts } from "./kept";

export interface Alerts {
  filters: readonly string[];
  set(filters: readonly string[]): void;
}

/* Tells of new flows that match: by the browser where it may, else here. */
export function useAlerts(say: Say, open: (number: number) => void): Alerts {
  const { client } = useLive();
  const [filters, setFilters] = useState<readonly string[]>(keptAlerts);
  const latest = useRef({ say, open });
  latest.current = { say, open };
  const said = useRef(false);
  useEffect(() => {
    if (filters.length === 0 && !said.current) return;
    said.current = true;
    client.watchAlarms(filters, (alarm: AlarmMessage) => {
      import("./notify").then(({ notify }) => notify(alarm, latest.current));
    });
  }, [client, filters]);
  useEffect(() => {
    const kept = () => setFilters(keptAlerts());
    addEventListener("storage", kept);
    return () => removeEventListener("storage", kept);
  }, []);
  const set = useCallback((next: readonly string[]) => {
    keepAlerts(next);
    setFilters(next);
  }, []);
  return { filters, set };
}

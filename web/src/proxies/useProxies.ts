import { useEffect, useState } from "react";
import { api, callTimeoutMs } from "../connection/api";
import { Refresher } from "../summary/refresher";
import { type ProxyState, toProxy } from "./proxy";

const everyMs = 1000;

/* The proxies as they are now, asked once a second while the tab is seen; null:
 * not known yet. */
export function useProxies(): readonly ProxyState[] | null {
  const [proxies, setProxies] = useState<readonly ProxyState[] | null>(null);
  useEffect(() => {
    const refresher = new Refresher(
      async (signal) => {
        try {
          const answer = await api.listProxies({}, { signal, timeoutMs: callTimeoutMs });
          if (!signal.aborted) setProxies(answer.proxies.map(toProxy));
        } catch {
          // The badge says that the server does not answer.
        }
      },
      everyMs / 2,
      () => document.visibilityState === "visible",
    );
    refresher.touch();
    const timer = setInterval(() => refresher.touch(), everyMs);
    return () => {
      clearInterval(timer);
      refresher.close();
    };
  }, []);
  return proxies;
}

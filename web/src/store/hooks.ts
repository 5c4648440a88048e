import { createContext, useContext, useSyncExternalStore } from "react";
import type { LiveClient } from "../connection/client";
import type { Store, View } from "./store";

export interface Live {
  store: Store;
  client: LiveClient;
}

export const LiveContext = createContext<Live | null>(null);

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error("no LiveContext");
  return live;
}

/* A part of the view; only when that becomes another is the caller drawn anew. */
export function useView<Part>(part: (view: View) => Part): Part {
  const { store } = useLive();
  return useSyncExternalStore(store.subscribe, () => part(store.getView()));
}

export const wholeView = (view: View) => view;

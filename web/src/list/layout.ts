import { useSyncExternalStore } from "react";
import { readText, writeSetting } from "../ui/settings";
import { type Layout, readLayout } from "./columns";

/* The columns as the reader has them, for the list and for saved views. */

let layout: Layout | null = null;
const listeners = new Set<() => void>();

export function getLayout(): Layout {
  layout ??= readLayout(readText("columns"));
  return layout;
}

export function setLayout(next: Layout): void {
  layout = next;
  writeSetting("columns", JSON.stringify(next));
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLayout(): Layout {
  return useSyncExternalStore(subscribe, getLayout);
}

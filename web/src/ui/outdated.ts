import { useSyncExternalStore } from "react";

/*
 * Whether the server has another version of the page by now, of which this
 * one can get no further parts.
 */
let isOutdated = false;
const listeners = new Set<() => void>();

/* The addresses of scripts name what is in them. */
function isSamePage(html: string): boolean {
  const scripts = [...document.querySelectorAll("script[src]")];
  return scripts.every((script) => html.includes(script.getAttribute("src") ?? ""));
}

/* Looks whether it does; a server that is away or stalls tells nothing. */
export async function lookForNewPage(): Promise<void> {
  if (isOutdated) return;
  try {
    const answer = await fetch("/", { cache: "no-store" });
    isOutdated = answer.ok && !isSamePage(await answer.text());
  } catch {
    return;
  }
  if (isOutdated) for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useOutdated(): boolean {
  return useSyncExternalStore(subscribe, () => isOutdated);
}

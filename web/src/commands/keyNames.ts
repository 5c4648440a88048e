import type { Command } from "./commands";

const names: Record<string, string> = {
  ArrowUp: "\u2191",
  ArrowDown: "\u2193",
  ArrowLeft: "\u2190",
  ArrowRight: "\u2192",
  PageUp: "PgUp",
  PageDown: "PgDn",
  Escape: "Esc",
  " ": "Space",
};

/* Combinations are with Cmd there, with Ctrl elsewhere. */
export const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

const ctrl = isMac ? "\u2318" : "Ctrl+";

/* A key as it is written on keyboards. */
export function keyName(key: string): string {
  return names[key] ?? key;
}

/* The keys of a command, each as one text: "j", "PgDn", "Ctrl+K". */
export function keysOf({ keys = [], withCtrl }: Command): string[] {
  const plain = keys.map(keyName);
  return withCtrl ? [...plain, ctrl + withCtrl.toUpperCase()] : plain;
}

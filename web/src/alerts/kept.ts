import { alarmsMost } from "../connection/protocol";

/* The filters that a reader is told of matches of, kept by this browser. */

const key = "mitmflow.alerts";
const longest = 2000;

export function keptAlerts(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept
      .filter((text) => typeof text === "string" && text !== "" && text.length <= longest)
      .slice(0, alarmsMost);
  } catch {
    return [];
  }
}

export function keepAlerts(filters: readonly string[]): void {
  try {
    localStorage.setItem(key, JSON.stringify(filters.slice(0, alarmsMost)));
  } catch {
    // Private windows: they last as long as the page.
  }
}

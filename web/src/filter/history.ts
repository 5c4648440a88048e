/* The filters that a reader has used, the newest first. */

const key = "mitmflow.filters";
const most = 50;
const longest = 2000;

export function usedFilters(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
  } catch {
    return [];
  }
}

export function keepFilter(filter: string): void {
  const text = filter.trim();
  if (text === "" || text.length > longest) return;
  const kept = [text, ...usedFilters().filter((used) => used !== text)].slice(0, most);
  try {
    localStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // Private windows: nothing is kept.
  }
}

/* Small choices that outlive the page. A browser may refuse to keep them. */

export function readSetting<T extends string>(name: string, allowed: readonly T[]): T {
  const [fallback] = allowed;
  if (fallback === undefined) throw new Error("a setting needs a value");
  const kept = readText(name);
  return allowed.find((value) => value === kept) ?? fallback;
}

export function readNumber(name: string, fallback: number): number {
  const kept = Number(readText(name) ?? Number.NaN);
  return Number.isFinite(kept) ? kept : fallback;
}

export function writeSetting(name: string, value: string | number): void {
  try {
    localStorage.setItem(`mitmflow.${name}`, String(value));
  } catch {
    // Private windows: the choice lasts as long as the page.
  }
}

export function readText(name: string): string | null {
  try {
    return localStorage.getItem(`mitmflow.${name}`);
  } catch {
    return null;
  }
}

/*
 * How well `text` fits what was typed: all its letters, in their order, no
 * matter what is between. Greater is better; null: it does not fit.
 */
export function fits(text: string, typed: string): number | null {
  const lower = text.toLowerCase();
  let at = -1;
  let score = 0;
  for (const char of typed.toLowerCase()) {
    if (char === " ") continue;
    const next = lower.indexOf(char, at + 1);
    if (next < 0) return null;
    const isStart = next === 0 || /[^a-z0-9]/.test(lower[next - 1] ?? "");
    score += next === at + 1 ? 3 : isStart ? 2 : 0;
    at = next;
  }
  // As it was typed, in one piece, is better than any other way.
  if (typed.trim() !== "" && lower.includes(typed.trim().toLowerCase())) score += 100;
  return score - text.length / 1000;
}

/* Those that fit, best first; all of them, as they are, if nothing is typed. */
export function fitting<T>(
  all: readonly T[],
  text: (item: T) => string,
  typed: string,
): T[] {
  if (typed.trim() === "") return [...all];
  return all
    .map((item) => ({ item, score: fits(text(item), typed) }))
    .filter(({ score }) => score !== null)
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0))
    .map(({ item }) => item);
}

import type { Facet } from "./facets";

/* How many flows have a status of each class: "4xx" and its count. */
export function statusClasses(facet: Facet | null): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { value, count } of facet?.values ?? []) {
    if (!/^[1-5]\d\d$/.test(value)) continue;
    const name = `${value[0]}xx`;
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return counts;
}

/* Each class before what is of it. */
export function byStatus(values: readonly string[]): string[] {
  const rank = (value: string) => value.replace("xx", "");
  return [...values].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

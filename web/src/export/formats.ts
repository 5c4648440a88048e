/* Files and texts that the server makes of flows: GET /export. */

export interface Format {
  /* As the server names it. */
  name: string;
  label: string;
}

/* For many flows. */
export const files: readonly Format[] = [
  { name: "har", label: "HAR" },
  { name: "mitm", label: "mitmproxy flows" },
  { name: "jsonl", label: "JSON lines" },
  { name: "bodies", label: "Bodies (zip)" },
];

/* For the clipboard, of one flow. */
export const texts: readonly Format[] = [
  { name: "curl", label: "cURL" },
  { name: "httpie", label: "HTTPie" },
  { name: "fetch", label: "fetch" },
  { name: "python", label: "Python requests" },
  { name: "raw-request", label: "Raw request" },
  { name: "raw-response", label: "Raw response" },
];

/* Which flows: one, or all that the filter takes. */
export type Chosen = { number: number } | { filter: string };

export function exportUrl(format: Format, chosen: Chosen): string {
  const query = new URLSearchParams({ format: format.name });
  if ("number" in chosen) query.set("number", String(chosen.number));
  else if (chosen.filter) query.set("filter", chosen.filter);
  return `/export?${query}`;
}

/* The text of one flow in a format; throws what the server says is wrong. */
export async function exportText(format: Format, number: number): Promise<string> {
  const answer = await fetch(exportUrl(format, { number }));
  const text = await answer.text();
  if (!answer.ok) throw new Error(text.trim() || `The server said ${answer.status}.`);
  if (!text.trim()) throw new Error(`This flow cannot be said as ${format.label}.`);
  return text;
}

import type { Kind, Row } from "../connection/row";

export type Tab =
  | "overview"
  | "request"
  | "response"
  | "messages"
  | "connection"
  | "note";

export const tabNames: Record<Tab, string> = {
  overview: "Overview",
  request: "Request",
  response: "Response",
  messages: "Messages",
  connection: "Connection",
  note: "Note",
};

const tabsOf: Record<Kind, readonly Tab[]> = {
  http: ["overview", "request", "response", "connection", "note"],
  ws: ["overview", "request", "response", "messages", "connection", "note"],
  dns: ["overview", "request", "response", "connection", "note"],
  tcp: ["overview", "messages", "connection", "note"],
  udp: ["overview", "messages", "connection", "note"],
};

const firstTab: Record<Kind, Tab> = {
  http: "response",
  ws: "messages",
  dns: "response",
  tcp: "messages",
  udp: "messages",
};

export function tabsFor(row: Row): readonly Tab[] {
  return tabsOf[row.kind];
}

/* The tab that the reader chose last for flows of this kind, or its own. */
export function chosenTab(row: Row, chosen: Partial<Record<Kind, Tab>>): Tab {
  const tab = chosen[row.kind] ?? firstTab[row.kind];
  const answered = row.kind === "http" || row.kind === "dns" ? row.tone !== "mute" : true;
  // Without a response there is an error to be told, or nothing yet.
  if (tab === "response" && (!answered || row.status === "error")) return "overview";
  return tab;
}

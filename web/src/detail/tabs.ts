import type { Kind, Row } from "../connection/row";
import { readSetting, writeSetting } from "../ui/settings";

export const allTabs = [
  "overview",
  "request",
  "response",
  "messages",
  "timing",
  "connection",
  "note",
] as const;
export type Tab = (typeof allTabs)[number];

export const tabNames: Record<Tab, string> = {
  overview: "Overview",
  request: "Request",
  response: "Response",
  messages: "Messages",
  timing: "Timing",
  connection: "Connection",
  note: "Note",
};

const tabsOf: Record<Kind, readonly Tab[]> = {
  http: ["overview", "request", "response", "timing", "connection", "note"],
  ws: ["overview", "request", "response", "messages", "timing", "connection", "note"],
  dns: ["overview", "request", "response", "timing", "connection", "note"],
  tcp: ["overview", "messages", "timing", "connection", "note"],
  udp: ["overview", "messages", "timing", "connection", "note"],
};

const firstTab: Record<Kind, Tab> = {
  http: "response",
  ws: "messages",
  dns: "response",
  tcp: "messages",
  udp: "messages",
};

/* Where there is room for both halves, they share the place of the response. */
export function tabsFor(row: Row, wide: boolean): readonly Tab[] {
  const tabs = tabsOf[row.kind];
  return wide ? tabs.filter((tab) => tab !== "request") : tabs;
}

export function tabLabel(tab: Tab, row: Row, wide: boolean): string {
  const isDns = row.kind === "dns";
  if (tab === "request" && isDns) return "Query";
  if (tab !== "response") return tabNames[tab];
  if (wide) return isDns ? "Query and answer" : "Request and response";
  return isDns ? "Answer" : "Response";
}

/* The tab that the reader chose last for flows of this kind. */
export function rememberedTab(kind: Kind): Tab {
  return readSetting(`tab-${kind}`, [firstTab[kind], ...tabsOf[kind]]);
}

export function rememberTab(kind: Kind, tab: Tab): void {
  writeSetting(`tab-${kind}`, tab);
}

/* Whether a tab has nothing yet, or nothing but why. */
function isBare(row: Row, tab: Tab): boolean {
  if (tab === "messages") return row.status === "error" && row.messages === 0;
  return tab === "response" && (row.tone === "mute" || row.status === "error");
}

/* The tab to show: what the address asks for, else the reader's own choice;
   where that is bare, what is known instead, unless the reader insists. */
export function chosenTab(row: Row, asked: string, wide: boolean, insists: boolean): Tab {
  const tabs = tabsOf[row.kind];
  const tab = tabs.find((name) => name === asked) ?? rememberedTab(row.kind);
  // Side by side, the request is there beside it.
  const isAlone = tab === "messages" || !wide;
  if (isAlone && !insists && isBare(row, tab)) return "overview";
  return wide && tab === "request" ? "response" : tab;
}

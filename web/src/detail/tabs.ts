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

/* The tab to show: what the address asks for, else the reader's own choice;
   where there is no response, what is known instead. */
export function chosenTab(row: Row, asked: string, wide: boolean): Tab {
  const tabs = tabsOf[row.kind];
  const tab = tabs.find((name) => name === asked) ?? rememberedTab(row.kind);
  const answered = row.kind === "http" || row.kind === "dns" ? row.tone !== "mute" : true;
  if (tab === "response" && !wide && (!answered || row.status === "error"))
    return "overview";
  return wide && tab === "request" ? "response" : tab;
}

/* Orders of the list; `arrival` is that of the server's numbers. */
export const sorts = [
  "arrival",
  "start",
  "duration",
  "size",
  "status",
  "method",
  "host",
  "client",
  "source",
  "type",
] as const;
export type Sort = (typeof sorts)[number];

/* What stands beside the list. */
export const panels = ["", "tree", "statistics", "proxies"] as const;
export type Panel = (typeof panels)[number];

/*
 * What the address bar keeps, so that a link shows what its sender saw:
 * ?q= the filter, ?h= what is only highlighted, ?flow= the flow shown,
 * ?tab= of it, ?with= the flow it is compared with, ?sort= and ?asc, ?panel=,
 * ?view= the name of the saved view, which the rest tells whether or not the
 * reader has it.
 */
export interface Place {
  filter: string;
  highlight: string;
  flow: number | null;
  /* The tab of the open flow; "": the reader's own choice for its kind. */
  tab: string;
  compare: number | null;
  sort: Sort;
  ascending: boolean;
  panel: Panel;
  view: string;
}

export const home: Place = {
  filter: "",
  highlight: "",
  flow: null,
  tab: "",
  compare: null,
  sort: "arrival",
  ascending: false,
  panel: "",
  view: "",
};

function oneOf<T extends string>(allowed: readonly T[], text: string | null): T {
  const [first] = allowed;
  if (first === undefined) throw new Error("a choice needs a value");
  return allowed.find((value) => value === text) ?? first;
}

function numberOf(text: string | null): number | null {
  return text !== null && /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : null;
}

export function readPlace(search: string): Place {
  const params = new URLSearchParams(search);
  const tab = params.get("tab") ?? "";
  return {
    filter: params.get("q") ?? "",
    highlight: params.get("h") ?? "",
    flow: numberOf(params.get("flow")),
    tab: /^[a-z]{1,16}$/.test(tab) ? tab : "",
    compare: numberOf(params.get("with")),
    sort: oneOf(sorts, params.get("sort")),
    ascending: params.has("asc"),
    panel: oneOf(panels, params.get("panel")),
    view: (params.get("view") ?? "").trim().slice(0, 80),
  };
}

export function placeSearch(place: Place): string {
  const params = new URLSearchParams();
  const put = (name: string, value: string | number | null) => {
    if (value !== null && value !== "") params.set(name, String(value));
  };
  put("q", place.filter);
  put("h", place.highlight);
  put("flow", place.flow);
  if (place.flow !== null) put("tab", place.tab);
  if (place.flow !== null) put("with", place.compare);
  if (place.sort !== "arrival") put("sort", place.sort);
  if (place.ascending) params.set("asc", "1");
  put("panel", place.panel);
  put("view", place.view);
  const text = params.toString();
  return text ? `?${text}` : "";
}

/* On the way back in the history, and the place to show after that. */
let leaving: { timer: ReturnType<typeof setTimeout>; next: Place } | null = null;
const longestLeaveMs = 1000;

function leave(place: Place): void {
  const timer = setTimeout(() => {
    const search = placeSearch(leaving?.next ?? place);
    leaving = null;
    history.replaceState(null, "", location.pathname + search);
  }, longestLeaveMs);
  leaving = { timer, next: place };
  history.back();
}

/*
 * Shows `place` in the address bar. What is said to be a step, and opening the
 * first flow (on a phone it covers the list), are undone by Back; typing and
 * moving on are not. Closing the flow takes its step back, so that nothing is
 * left for Back to undo.
 */
export function writePlace(place: Place, isStep = false): void {
  if (leaving) {
    leaving.next = place;
    return;
  }
  const before = readPlace(location.search);
  const search = placeSearch(place);
  const url = location.pathname + search;
  const isOpening = before.flow === null && place.flow !== null;
  const isClosing = before.flow !== null && place.flow === null;
  if (isOpening) history.pushState({ from: placeSearch(before) }, "", url);
  else if (isClosing && history.state?.from === search) leave(place);
  else if (isStep && search !== placeSearch(before)) history.pushState(null, "", url);
  else history.replaceState(history.state, "", url);
}

/* Where the reader has gone in the history; null: where the page is already. */
export function arrivedPlace(): Place | null {
  if (!leaving) return readPlace(location.search);
  const { timer, next } = leaving;
  clearTimeout(timer);
  leaving = null;
  writePlace(next);
  return null;
}

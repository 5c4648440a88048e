/*
 * What the address bar keeps: ?q= the filter, ?flow= the flow shown.
 */
export interface Place {
  filter: string;
  flow: number | null;
}

export function readPlace(search: string): Place {
  const params = new URLSearchParams(search);
  const flow = params.get("flow") ?? "";
  return {
    filter: params.get("q") ?? "",
    flow: /^[1-9][0-9]{0,15}$/.test(flow) ? Number(flow) : null,
  };
}

export function placeSearch(place: Place): string {
  const params = new URLSearchParams();
  if (place.filter) params.set("q", place.filter);
  if (place.flow !== null) params.set("flow", String(place.flow));
  const text = params.toString();
  return text ? `?${text}` : "";
}

/*
 * Shows `place` in the address bar. Opening the first flow is a step that
 * Back undoes (on a phone it closes the flow); moving on is not.
 */
export function writePlace(place: Place): void {
  const before = readPlace(location.search);
  const url = location.pathname + placeSearch(place);
  if (before.flow === null && place.flow !== null) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}

import { type Layout, readLayout } from "../list/columns";
import { getLayout, setLayout } from "../list/layout";
import { type Place, placeSearch, readPlace } from "../place/place";

/* What a saved view keeps: all of a place but the flow that is open, and how
 * the list looked. */
export interface SavedView {
  name: string;
  /* As in the address bar, without the view's name: "?q=...&sort=..." */
  search: string;
  /* The list's columns; absent in views of before they were kept. */
  columns?: Layout;
}

const key = "mitmflow.views";
const most = 200;
const longest = 20_000;
export const nameMost = 80;

const listeners = new Set<() => void>();
let known: readonly SavedView[] | null = null;

function isView(value: unknown): value is SavedView {
  if (typeof value !== "object" || value === null) return false;
  const { name, search } = value as Partial<SavedView>;
  return (
    typeof name === "string" &&
    name.trim() === name &&
    name !== "" &&
    name.length <= nameMost &&
    typeof search === "string" &&
    search.length <= longest
  );
}

/* The views in JSON text; those that are none are left out. */
export function readViews(text: string): SavedView[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(value)) return [];
  // What comes from elsewhere is read as an address is, and written anew.
  return value
    .filter(isView)
    .slice(0, most)
    .map(({ name, search, columns }) => ({
      name,
      search: viewSearch(readPlace(search)),
      ...(columns && { columns: readLayout(JSON.stringify(columns)) }),
    }));
}

export function writeViews(views: readonly SavedView[]): string {
  return JSON.stringify(
    views.map(({ name, search, columns }) => ({ name, search, columns })),
    null,
    2,
  );
}

/* What a view keeps of a place. */
export function viewSearch(place: Place): string {
  return placeSearch({ ...place, flow: null, tab: "", compare: null, view: "" });
}

/* What the reader sees now, as a view. */
export function viewOf(name: string, place: Place): SavedView {
  return { name, search: viewSearch(place), columns: getLayout() };
}

/* Whether what the reader sees is the view as it was saved. */
export function isShownAs({ search, columns }: SavedView, place: Place): boolean {
  const isLaidOut = !columns || JSON.stringify(columns) === JSON.stringify(getLayout());
  return isLaidOut && search === viewSearch(place);
}

/* Lays the list out as in `view`, and tells where its flows are. */
export function placeOf(view: SavedView): Partial<Place> {
  if (view.columns) setLayout(view.columns);
  return { ...readPlace(view.search), view: view.name };
}

export function savedViews(): readonly SavedView[] {
  try {
    known ??= readViews(localStorage.getItem(key) ?? "[]");
  } catch {
    known ??= [];
  }
  return known;
}

export function subscribeViews(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function keep(views: readonly SavedView[]): void {
  known = views.slice(0, most);
  try {
    localStorage.setItem(key, writeViews(known));
  } catch {
    // Private windows: the views last as long as the page.
  }
  for (const listener of listeners) listener();
}

/* Puts views in by their names, in the places of those called so before. */
export function putViews(...views: SavedView[]): void {
  const names = new Set(views.map(({ name }) => name));
  keep([...savedViews().filter(({ name }) => !names.has(name)), ...views]);
}

export function removeView(name: string): void {
  keep(savedViews().filter((view) => view.name !== name));
}

export function renameView(name: string, to: string): void {
  const renamed = savedViews()
    .filter((view) => view.name !== to || name === to)
    .map((view) => (view.name === name ? { ...view, name: to } : view));
  keep(renamed);
}

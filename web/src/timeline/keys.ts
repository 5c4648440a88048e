/* A range of bars that keys move: from where it was begun to where they are. */
export interface Picked {
  anchor: number;
  at: number;
}

interface Key {
  key: string;
  shiftKey: boolean;
}

/* Bars that PageUp and PageDown pass over. */
const page = 10;

/* The range after a key; null: the key moves nothing. */
export function moved(
  { key, shiftKey }: Key,
  picked: Picked | null,
  count: number,
): Picked | null {
  const last = count - 1;
  const from = picked?.at ?? last;
  const places: Record<string, number> = {
    ArrowLeft: picked ? from - 1 : last,
    ArrowRight: picked ? from + 1 : last,
    PageUp: from - page,
    PageDown: from + page,
    Home: 0,
    End: last,
  };
  const place = places[key];
  if (place === undefined || last < 0) return null;
  const at = Math.max(0, Math.min(place, last));
  return { anchor: shiftKey && picked ? picked.anchor : at, at };
}

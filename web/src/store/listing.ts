import type { Row } from "../connection/row";
import { findPlace } from "../connection/window";
import type { Pages } from "./pages";

/*
 * A list of any length of which a part is here. Each flow has a coordinate,
 * which grows from the newest (or first) to the last and stays as it is when
 * flows come before it: the first ones then have coordinates below zero.
 */
export interface Listing {
  /* The newest, in ascending order of number; the last of them is first. */
  rows: readonly Row[];
  /* The coordinate after the oldest of these, where pages begin. */
  bottom: number;
  /* The coordinate after the last flow. */
  end: number;
  /* False: there may be more after `end`. */
  isWhole: boolean;
  pages: Pages;
}

export function topOf({ rows, bottom }: Listing): number {
  return bottom - rows.length;
}

export function countOf(listing: Listing): number {
  return listing.end - topOf(listing);
}

export function rowAt(listing: Listing, coordinate: number): Row | undefined {
  const { rows, bottom, pages } = listing;
  return coordinate < bottom ? rows[bottom - 1 - coordinate] : pages.at(coordinate);
}

/* Where flow `number` stands; null: that is not known here. */
export function coordinateOf(listing: Listing, number: number): number | null {
  const { rows, bottom, pages } = listing;
  const place = findPlace(rows, number);
  return place === null ? pages.find(number) : bottom - 1 - place;
}

/* The row of flow `number`, if it is here. */
export function rowOf(listing: Listing, number: number): Row | undefined {
  const coordinate = coordinateOf(listing, number);
  return coordinate === null ? undefined : rowAt(listing, coordinate);
}

/* What the page needs next to show these coordinates. */
export function want(listing: Listing, first: number, end: number): void {
  const from = Math.max(first, listing.bottom);
  const to = Math.min(end, listing.end);
  if (from < to) listing.pages.want(from, to);
  else if (listing.end > listing.bottom && end + 60 > listing.bottom)
    // Soon: the first page after those that are here.
    listing.pages.want(listing.bottom, listing.bottom + 1);
  else listing.pages.stop();
}

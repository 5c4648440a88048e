import type { Row } from "../connection/row";
import { coordinateOf, countOf, rowAt, topOf, want } from "../store/listing";
import type { View } from "../store/store";

/* The list by line, from the top of the page. */
export interface Lines {
  count: number;
  at(line: number): Row | undefined;
  lineOf(number: number): number | null;
  /* Which stays with a flow while others come before it. */
  coordinateAt(line: number): number;
  /* The coordinate of the oldest flow, or the last one. */
  oldest: number;
  lineAt(coordinate: number): number;
  want(first: number, end: number): void;
}

/* By arrival the oldest come first by reading the same list backwards. */
export function linesOf({ listing, sort, ascending }: View): Lines {
  const backwards = sort === "arrival" && ascending;
  const top = topOf(listing);
  const turn = (place: number) => (backwards ? listing.end - 1 - place : place - top);
  const coordinateAt = (line: number) =>
    backwards ? listing.end - 1 - line : line + top;
  return {
    count: countOf(listing),
    at: (line) => rowAt(listing, coordinateAt(line)),
    lineOf(number) {
      const coordinate = coordinateOf(listing, number);
      return coordinate === null ? null : turn(coordinate);
    },
    coordinateAt,
    oldest: listing.end - 1,
    lineAt: turn,
    want(first, end) {
      if (backwards) want(listing, coordinateAt(end - 1), coordinateAt(first) + 1);
      else want(listing, coordinateAt(first), coordinateAt(end));
    },
  };
}

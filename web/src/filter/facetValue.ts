/* Something that was captured, and how many flows have it. */
export interface FacetValue {
  value: string;
  count: number;
}

/* In place of a count: nobody has counted them. */
export const uncounted = -1;

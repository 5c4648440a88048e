import { useState } from "react";

/*
 * Calls `begin` once the list is of another filter, before that is drawn: it
 * begins as if it were new, but its elements are there already.
 */
export function useAnother(filter: string, begin: () => void): void {
  const [known, setKnown] = useState(filter);
  if (known === filter) return;
  setKnown(filter);
  begin();
}

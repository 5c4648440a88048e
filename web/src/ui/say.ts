import { createContext, useContext } from "react";
import type { Say } from "./notice";

/* Where something is said in passing, far below the page. */
export const SayContext = createContext<Say>(() => {});

export function useSay(): Say {
  return useContext(SayContext);
}

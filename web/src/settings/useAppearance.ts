import { useSyncExternalStore } from "react";
import { type Appearance, getAppearance, subscribeAppearance } from "./appearance";

export function useAppearance(): Appearance {
  return useSyncExternalStore(subscribeAppearance, getAppearance);
}

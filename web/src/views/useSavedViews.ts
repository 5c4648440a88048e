import { useSyncExternalStore } from "react";
import { type SavedView, savedViews, subscribeViews } from "./saved";

export function useSavedViews(): readonly SavedView[] {
  return useSyncExternalStore(subscribeViews, savedViews);
}

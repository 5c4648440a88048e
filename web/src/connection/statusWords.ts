import { formatSecond } from "../ui/format";
import type { Status } from "./protocol";

const stateWords: Record<Status["state"], string> = {
  live: "Live",
  connecting: "Connecting",
  offline: "Offline",
  "signed-out": "Signed out",
  denied: "No access",
};

/* "Live", "Offline since 10:01:44" */
export function statusWords({ state, since }: Status): string {
  if (state === "live" || state === "connecting" || !since) return stateWords[state];
  return `${stateWords[state]} since ${formatSecond(since)}`;
}

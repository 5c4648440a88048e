import { useAppearance } from "../settings/useAppearance";
import { dayOf, formatClock, formatDateTime } from "../ui/format";
import { Ago } from "./Ago";

/* 10:01:44, or 11-23 10:01 where that is not today: two lines have little room. */
function shortTime(ms: number): string {
  const isToday = dayOf(ms) === dayOf(Date.now());
  return isToday ? formatClock(ms).slice(0, 8) : formatDateTime(ms).slice(5, 16);
}

/* When a flow began, in a row of two lines. */
export function When({ startMs }: { startMs: number }) {
  const { times } = useAppearance();
  if (!startMs) return null;
  return times === "ago" ? <Ago startMs={startMs} /> : shortTime(startMs);
}

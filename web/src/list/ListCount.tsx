import type { View } from "../store/store";
import { formatCount, searching } from "../ui/format";

/* How many flows the list has, of how many there are. */
export function ListCount({ view, filtered }: { view: View; filtered: boolean }) {
  if (view.search)
    return <span className="count">{searching(view.search.backToMs)}</span>;
  if (!view.loaded || view.total === null) return null;
  const total = formatCount(view.total);
  const shown = `${formatCount(view.rows.length)}${view.hasOlder ? "+" : ""}`;
  return (
    <span className="count">
      {view.limited && <Limited />}
      {filtered ? `${shown} of ${total}` : total} {view.total === 1 ? "flow" : "flows"}
    </span>
  );
}

function Limited() {
  const why =
    "A regular expression met its limits on some flows, which may be missing here. " +
    "Make it simpler.";
  return (
    <span className="tone-warn" title={why}>
      incomplete:{" "}
    </span>
  );
}

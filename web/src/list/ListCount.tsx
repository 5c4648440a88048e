import { useView, wholeView } from "../store/hooks";
import { countOf } from "../store/listing";
import { formatCount, plural, searching } from "../ui/format";

/* How many flows the list has, of how many there are. */
export function ListCount({ filtered }: { filtered: boolean }) {
  const view = useView(wholeView);
  if (view.search)
    return <span className="count">{searching(view.search.backToMs)}</span>;
  if (!view.loaded || view.total === null) return null;
  const total = formatCount(view.total);
  const { listing } = view;
  const shown = `${formatCount(countOf(listing))}${listing.isWhole ? "" : "+"}`;
  return (
    <span className="count">
      {view.limited && <Limited />}
      {view.evicted > 0 && <Evicted count={view.evicted} />}
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

function Evicted({ count }: { count: number }) {
  return (
    <span className="evicted dim">
      {plural(count, "older flow")} {count === 1 ? "was" : "were"} let go by the limits
      {" \u00b7 "}
    </span>
  );
}

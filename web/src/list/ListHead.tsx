import type { Order } from "./items";

interface Props {
  order: Order;
  onOrder(order: Order): void;
  showSource: boolean;
}

export function ListHead({ order, onOrder, showSource }: Props) {
  const newest = order === "newest-first";
  const next = newest ? "oldest-first" : "newest-first";
  const column = (name: string, label: string) => (
    <div role="columnheader" className={name}>
      {label}
    </div>
  );
  return (
    <div role="rowgroup" className="head">
      <div role="row" aria-rowindex={1} className="row-head">
        <div
          role="columnheader"
          className="c-time"
          aria-sort={newest ? "descending" : "ascending"}
        >
          <button
            type="button"
            title={
              newest
                ? "Newest first; show oldest first"
                : "Oldest first; show newest first"
            }
            onClick={() => onOrder(next)}
          >
            Time {newest ? "\u2193" : "\u2191"}
          </button>
        </div>
        {showSource && column("c-source", "Source")}
        {column("c-badge", "Type")}
        {column("c-host", "Host")}
        {column("c-path", "Path")}
        <div role="columnheader" className="c-marks" aria-label="Marks" />
        {column("c-status", "Status")}
        {column("c-size", "Size")}
        {column("c-duration", "Duration")}
      </div>
    </div>
  );
}

import { useEffect, useRef, useState } from "react";
import { ConnectionBadge } from "./connection/ConnectionBadge";
import { findRow } from "./connection/window";
import { setPinned } from "./detail/actions";
import { type DetailHandle, DetailPane } from "./detail/DetailPane";
import { ExportDialog } from "./export/ExportDialog";
import { FilterBox } from "./filter/FilterBox";
import { EmptyState } from "./list/EmptyState";
import { FlowList } from "./list/FlowList";
import type { Order } from "./list/items";
import { LossBadge } from "./losses/LossBadge";
import { useLive, useView } from "./store/hooks";
import type { View } from "./store/store";
import { formatCount, searching } from "./ui/format";
import { HelpDialog } from "./ui/HelpDialog";
import { useNotice } from "./ui/notice";
import { readSetting, writeSetting } from "./ui/settings";
import { useGlobalKeys } from "./useGlobalKeys";
import { usePlace } from "./usePlace";

const orders: Order[] = ["newest-first", "oldest-first"];
// Where the pane covers the list, moving in the list does not open flows.
const narrow = "(max-width: 700px)";

export function App() {
  const { store } = useLive();
  const view = useView();
  const [place, go] = usePlace();
  const [cursor, setCursor] = useState<number | null>(place.flow);
  const [order, setOrder] = useState<Order>(() => readSetting("order", orders));
  const [help, setHelp] = useState(false);
  const [exporting, setExporting] = useState(false);
  const { notice, say } = useNotice();
  const filterBox = useRef<HTMLInputElement>(null);
  const detail = useRef<DetailHandle>(null);
  const { flow } = place;

  useEffect(() => writeSetting("order", order), [order]);
  useEffect(() => {
    document.title = place.filter ? `${place.filter} \u2013 mitmflow` : "mitmflow";
  }, [place.filter]);

  const toList = () => document.querySelector<HTMLElement>("[role=grid]")?.focus();
  const open = (number: number) => {
    if (flow === number) detail.current?.focus();
    setCursor(number);
    go({ flow: number });
  };
  const close = () => {
    go({ flow: null });
    toList();
  };
  const moveCursor = (number: number | null) => {
    setCursor(number);
    if (flow !== null && number !== null && !matchMedia(narrow).matches)
      go({ flow: number });
  };

  useGlobalKeys({
    "/": () => {
      filterBox.current?.focus();
      filterBox.current?.select();
    },
    "?": () => setHelp(true),
    p: () => {
      const row = cursor === null ? undefined : findRow(view.rows, cursor);
      if (row) setPinned(store, row.number, !row.pinned).catch(say);
      else detail.current?.togglePin();
    },
    n: () => {
      if (cursor === null) return;
      if (flow !== cursor) open(cursor);
      detail.current?.writeNote(cursor);
    },
    Escape: () => (flow !== null ? close() : setCursor(null)),
  });

  // A filter that is wrong leaves the list of the one before.
  const { fault } = view;
  const filter = fault && view.loaded ? view.filter : place.filter;
  const loading = view.filter !== filter;
  return (
    <div className={flow === null ? "page" : "page with-detail"}>
      <header>
        <h1 className="brand">mitmflow</h1>
        <ConnectionBadge status={view.status} />
        <FilterBox
          ref={filterBox}
          filter={place.filter}
          fault={fault}
          onFilter={(text) => go({ filter: text })}
          onLeave={toList}
        />
        <LossBadge losses={view.losses} />
        <Count view={view} filtered={filter !== ""} />
        <button type="button" className="button" onClick={() => setExporting(true)}>
          Export
        </button>
        <button
          type="button"
          className="button help"
          aria-label="Keys and filters"
          onClick={() => setHelp(true)}
        >
          ?
        </button>
      </header>
      <main className={loading ? "loading" : ""}>
        {view.rows.length === 0 ? (
          <EmptyState view={view} filter={filter} />
        ) : (
          <FlowList
            // Another filter is another list: it begins at its edge.
            key={view.filter}
            order={order}
            onOrder={setOrder}
            cursor={cursor}
            opened={flow}
            onCursor={moveCursor}
            onOpen={open}
          />
        )}
        <DetailPane
          ref={detail}
          number={flow}
          row={flow === null ? undefined : findRow(view.rows, flow)}
          onClose={close}
          say={say}
        />
      </main>
      {exporting && <ExportDialog filter={filter} onClose={() => setExporting(false)} />}
      {help && <HelpDialog onClose={() => setHelp(false)} />}
      <div className="notices" role="status">
        {notice && <p className={notice.bad ? "notice bad" : "notice"}>{notice.text}</p>}
      </div>
    </div>
  );
}

function Count({ view, filtered }: { view: View; filtered: boolean }) {
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

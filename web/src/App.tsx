import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useCommandKeys } from "./commands/useCommandKeys";
import { useCommands } from "./commands/useCommands";
import { ConnectionBadge } from "./connection/ConnectionBadge";
import { findRow } from "./connection/window";
import { setPinned } from "./detail/actions";
import { LazyPane } from "./detail/LazyPane";
import type { DetailHandle } from "./detail/pane";
import { ChipBar } from "./filter/ChipBar";
import { FilterBox } from "./filter/FilterBox";
import { EmptyState } from "./list/EmptyState";
import { FlowList } from "./list/FlowList";
import type { Order } from "./list/items";
import { ListCount } from "./list/ListCount";
import { LossBadge } from "./losses/LossBadge";
import { usePlace } from "./place/usePlace";
import { useLive, useView } from "./store/hooks";
import { flowAt } from "./timeline/jump";
import { TimelineSlot } from "./timeline/TimelineSlot";
import { useNotice } from "./ui/notice";
import { readSetting, writeSetting } from "./ui/settings";

const ExportDialog = lazy(() =>
  import("./export/ExportDialog").then((m) => ({ default: m.ExportDialog })),
);
const HelpDialog = lazy(() =>
  import("./commands/HelpDialog").then((m) => ({ default: m.HelpDialog })),
);

const orders: Order[] = ["newest-first", "oldest-first"];
// Where the pane covers the list, moving in the list does not open flows.
const narrow = "(max-width: 700px)";

/*
 * The page: one row of controls, one of what the list is narrowed to, then
 * the timeline, and below it panel, list and open flow side by side.
 */
export function App() {
  const { store } = useLive();
  const view = useView();
  const { place, go } = usePlace();
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
  const toFilter = () => {
    filterBox.current?.focus();
    filterBox.current?.select();
  };
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
  const pin = () => {
    const row = cursor === null ? undefined : findRow(view.rows, cursor);
    if (row) setPinned(store, row.number, !row.pinned).catch(say);
    else detail.current?.togglePin();
  };
  const writeNote = () => {
    if (cursor === null) return;
    if (flow !== cursor) open(cursor);
    detail.current?.writeNote(cursor);
  };

  useCommandKeys();
  useCommands([
    { id: "filter", group: "Filter", title: "Filter", keys: ["/"], run: toFilter },
    {
      id: "pin",
      group: "Flow",
      title: "Pin the flow, or unpin it",
      keys: ["p"],
      run: pin,
    },
    { id: "note", group: "Flow", title: "Write a note", keys: ["n"], run: writeNote },
    {
      id: "close",
      group: "Flow",
      title: "Close the flow",
      keys: ["Escape"],
      run: () => (flow !== null ? close() : setCursor(null)),
    },
    {
      id: "export",
      group: "List",
      title: "Export flows",
      inMenu: true,
      run: () => setExporting(true),
    },
    {
      id: "help",
      group: "Page",
      title: "Keys and filters",
      keys: ["?"],
      inMenu: true,
      run: () => setHelp(true),
    },
  ]);

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
      <section className="bar" aria-label="What the list is narrowed to">
        <ChipBar />
        <LossBadge losses={view.losses} />
        <ListCount view={view} filtered={filter !== ""} />
      </section>
      <TimelineSlot
        filter={filter}
        onFilter={(text) => go({ filter: text })}
        onJump={(ms) => {
          flowAt(filter, ms)
            .then((number) => number !== null && setCursor(number))
            .catch(say);
        }}
      />
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
        <LazyPane
          ref={detail}
          number={flow}
          row={flow === null ? undefined : findRow(view.rows, flow)}
          onClose={close}
          say={say}
        />
      </main>
      <Suspense>
        {exporting && (
          <ExportDialog filter={filter} onClose={() => setExporting(false)} />
        )}
        {help && <HelpDialog onClose={() => setHelp(false)} />}
      </Suspense>
      <div className="notices" role="status">
        {notice && <p className={notice.bad ? "notice bad" : "notice"}>{notice.text}</p>}
      </div>
    </div>
  );
}

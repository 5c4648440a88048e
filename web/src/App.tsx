import { useEffect, useRef, useState } from "react";
import { useAlerts } from "./alerts/useAlerts";
import { HeaderMenu } from "./commands/HeaderMenu";
import { useCommandKeys } from "./commands/useCommandKeys";
import { useCommands } from "./commands/useCommands";
import { ConnectionBadge } from "./connection/ConnectionBadge";
import { SignedOutNotice } from "./connection/SignedOutNotice";
import { setPinned } from "./detail/actions";
import { LazyPane } from "./detail/LazyPane";
import type { DetailHandle } from "./detail/pane";
import { ChipBar } from "./filter/ChipBar";
import { FilterBox } from "./filter/FilterBox";
import { EmptyState } from "./list/EmptyState";
import { FlowList } from "./list/FlowList";
import { ListCount } from "./list/ListCount";
import { ListTools } from "./list/ListTools";
import { listKeys } from "./list/listKeys";
import { LossBadge } from "./losses/LossBadge";
import { SidePanel } from "./panel/SidePanel";
import { usePlace } from "./place/usePlace";
import { useAppearance } from "./settings/useAppearance";
import { useLive, useView } from "./store/hooks";
import { rowOf } from "./store/listing";
import { flowAt } from "./timeline/jump";
import { TimelineSlot } from "./timeline/TimelineSlot";
import { focusList } from "./ui/focusList";
import { late } from "./ui/late";
import { useNotice } from "./ui/notice";
import { OutdatedNotice } from "./ui/OutdatedNotice";
import { usePainted } from "./ui/usePainted";
import { useSettled } from "./ui/useSettled";
import { placeOf, savedViews } from "./views/saved";
import { ViewsButton } from "./views/ViewsButton";

const ExportDialog = late(() =>
  import("./export/ExportDialog").then((m) => m.ExportDialog),
);
const AlertsDialog = late(() =>
  import("./alerts/AlertsDialog").then((m) => m.AlertsDialog),
);
const HelpDialog = late(() => import("./commands/HelpDialog").then((m) => m.HelpDialog));

const Palette = late(() => import("./commands/Palette").then((m) => m.Palette));
const SettingsDialog = late(() =>
  import("./settings/SettingsDialog").then((m) => m.SettingsDialog),
);

type DialogName = "alerts" | "export" | "help" | "palette" | "settings";
// Where the pane covers the list, moving in the list does not open flows.
const narrow = "(max-width: 700px)";

/*
 * The page: one row of controls, one of what the list is narrowed to, then
 * the timeline, and below it panel, list and open flow side by side.
 */
export function App() {
  const { store } = useLive();
  const { zone } = useAppearance();
  const loaded = useView((view) => view.loaded);
  const told = useView((view) => view.status);
  const status = useSettled(told, told.state === "connecting");
  const fault = useView((view) => view.fault);
  const shown = useView((view) => view.filter);
  const sort = useView((view) => `${view.sort} ${view.ascending}`);
  const isEmpty = useView((view) => view.rows.length === 0);
  const { place, go } = usePlace();
  const [cursor, setCursor] = useState<number | null>(place.flow);
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const { notice, say } = useNotice();
  const filterBox = useRef<HTMLInputElement>(null);
  const detail = useRef<DetailHandle>(null);
  const painted = usePainted(loaded || fault !== null);
  const { flow } = place;
  const openRow = useView(({ listing }) =>
    flow === null ? undefined : rowOf(listing, flow),
  );

  useEffect(() => {
    document.title = place.filter ? `${place.filter} \u2013 mitmflow` : "mitmflow";
  }, [place.filter]);

  const toList = () => {
    filterBox.current?.blur();
    focusList();
  };
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
    const { listing } = store.getView();
    const row = cursor === null ? undefined : rowOf(listing, cursor);
    if (row) setPinned(store, row.number, !row.pinned).catch(say);
    else detail.current?.togglePin();
  };
  const writeNote = () => {
    if (cursor === null) return;
    if (flow !== cursor) open(cursor);
    detail.current?.writeNote(cursor);
  };

  const choose = (filter: string) => go({ filter }, true);
  const endDialog = () => setDialog(null);
  const showView = (name: string) => {
    const saved = savedViews().find((one) => one.name === name);
    if (saved) go(placeOf(saved), true);
  };

  const alerts = useAlerts(say, open);

  useCommandKeys();
  useCommands([
    ...listKeys,
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
      run: () => setDialog("export"),
    },
    {
      id: "help",
      group: "Page",
      title: "Keys and filters",
      keys: ["?"],
      inMenu: true,
      run: () => setDialog("help"),
    },
    {
      id: "palette",
      group: "Page",
      title: "Commands",
      withCtrl: "k",
      inMenu: true,
      run: () => setDialog("palette"),
    },
    {
      id: "alerts",
      group: "Filter",
      title: "Alerts",
      inMenu: true,
      run: () => setDialog("alerts"),
    },
    {
      id: "settings",
      group: "Page",
      title: "Settings",
      inMenu: true,
      run: () => setDialog("settings"),
    },
  ]);

  // A filter that is wrong leaves the list of the one before.
  const filter = fault && loaded ? shown : place.filter;
  const loading = shown !== filter;
  const pageClass = [
    "page",
    flow !== null && "with-detail",
    place.panel !== "" && "with-panel",
  ]
    .filter(Boolean)
    .join(" ");
  return (
    <div className={pageClass}>
      <header>
        <h1 className="brand">mitmflow</h1>
        <ConnectionBadge
          status={status}
          onClick={() => go({ panel: place.panel === "proxies" ? "" : "proxies" })}
        />
        <FilterBox
          ref={filterBox}
          filter={place.filter}
          fault={fault}
          onFilter={(text) => go({ filter: text })}
          onLeave={toList}
        />
        <button type="button" className="button wide" onClick={() => setDialog("export")}>
          Export
        </button>
        <HeaderMenu />
      </header>
      <section className="bar" aria-label="What the list is narrowed to">
        <ViewsButton />
        <ChipBar />
        <LossBadge />
        <ListCount filtered={filter !== ""} />
        <ListTools />
      </section>
      <TimelineSlot
        ready={painted}
        filter={filter}
        onFilter={choose}
        onJump={(ms) => {
          flowAt(filter, ms)
            .then((number) => number !== null && setCursor(number))
            .catch(say);
        }}
      />
      <SidePanel
        panel={place.panel}
        onPanel={(panel) => go({ panel })}
        filter={filter}
        onFilter={choose}
      />
      <main className={loading ? "loading" : ""}>
        {isEmpty ? (
          <EmptyState filter={filter} onClear={() => choose("")} />
        ) : (
          <FlowList
            key={`${zone} ${sort}`}
            cursor={cursor}
            opened={flow}
            onCursor={moveCursor}
            onOpen={open}
            say={say}
          />
        )}
        <LazyPane
          key={zone}
          ref={detail}
          ready={painted}
          number={flow}
          row={openRow}
          onClose={close}
          say={say}
        />
      </main>
      {dialog === "export" && <ExportDialog filter={filter} onClose={endDialog} />}
      {dialog === "alerts" && (
        <AlertsDialog alerts={alerts} filter={place.filter} onClose={endDialog} />
      )}
      {dialog === "help" && <HelpDialog onClose={endDialog} />}
      {dialog === "settings" && <SettingsDialog onClose={endDialog} />}
      {dialog === "palette" && (
        <Palette onFlow={open} onView={showView} onClose={endDialog} />
      )}
      <div className="notices" role="status">
        <OutdatedNotice />
        <SignedOutNotice />
        {notice && <p className={notice.bad ? "notice bad" : "notice"}>{notice.text}</p>}
      </div>
    </div>
  );
}

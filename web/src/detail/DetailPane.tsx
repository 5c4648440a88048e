import { type Ref, useImperativeHandle, useRef, useState } from "react";
import { type Kind, type Row, toRow } from "../connection/row";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { useLive } from "../store/hooks";
import { setPinned } from "./actions";
import { DeleteDialog } from "./DeleteDialog";
import { PaneHead } from "./PaneHead";
import type { DetailHandle, PaneProps } from "./pane";
import { readPane } from "./paneSize";
import { Resizer } from "./Resizer";
import { TabBar } from "./TabBar";
import { TabPanel } from "./TabPanel";
import { chosenTab, type Tab, tabsFor } from "./tabs";
import { useFlow } from "./useFlow";
import "../bodies/bodies.css";
import "./detail.css";

/* Gets what the views of bodies need, before anybody asks for it. */
export function prefetchViews(): void {}

/* One flow, beside the list. */
export function DetailPane(props: PaneProps & { ref: Ref<DetailHandle> }) {
  const { ref, number, row: listed, onClose, say } = props;
  const { store } = useLive();
  const { loaded, reload } = useFlow(number, listed?.change);
  const [chosen, setChosen] = useState<Partial<Record<Kind, Tab>>>({});
  const [writing, setWriting] = useState({ number: 0, times: 0 });
  const [deleting, setDeleting] = useState(false);
  const [size, setSize] = useState(() => readPane());
  const panel = useRef<HTMLDivElement>(null);
  const flow: Flow | null = loaded?.flow ?? null;
  const row = newer(listed, flow);

  const togglePin = () => {
    if (!row) return;
    setPinned(store, row.number, !row.pinned)
      .then(() => listed ?? reload())
      .catch(say);
  };
  useImperativeHandle(ref, () => ({
    focus: () => panel.current?.focus(),
    togglePin,
    writeNote: (of) => setWriting(({ times }) => ({ number: of, times: times + 1 })),
  }));

  if (number === null) return null;
  const tab = row && (writing.number === number ? "note" : chosenTab(row, chosen));
  const choose = (next: Tab) => {
    setWriting(({ times }) => ({ number: 0, times }));
    if (row) setChosen((before) => ({ ...before, [row.kind]: next }));
  };
  return (
    <>
      <Resizer size={size} onSize={setSize} />
      <section className="detail" aria-label="The open flow">
        <PaneHead
          number={number}
          row={row}
          flow={flow}
          onPin={togglePin}
          onDelete={() => setDeleting(true)}
          onClose={onClose}
          say={say}
        />
        {row && tab && <TabBar tabs={tabsFor(row)} tab={tab} row={row} onTab={choose} />}
        <TabPanel
          ref={panel}
          key={number}
          tab={tab ?? "overview"}
          row={row}
          loaded={loaded}
          writing={writing.number === number ? writing.times : 0}
          onRetry={reload}
          say={say}
        />
      </section>
      {deleting && row && (
        <DeleteDialog
          row={row}
          onClose={() => setDeleting(false)}
          onDeleted={onClose}
          say={say}
        />
      )}
    </>
  );
}

/* The list is told of changes first, unless it does not hold the flow. */
function newer(listed: Row | undefined, flow: Flow | null): Row | undefined {
  if (!flow?.summary) return listed;
  if (listed && listed.change >= Number(flow.summary.change)) return listed;
  return toRow(flow.summary);
}

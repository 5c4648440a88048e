import { type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import { prefetchText } from "../bodies/text/LazyText";
import { type Row, toRow } from "../connection/row";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { usePlace } from "../place/usePlace";
import { useLive } from "../store/hooks";
import { focusList } from "../ui/focusList";
import { late } from "../ui/late";
import { SayContext } from "../ui/say";
import { useWidth } from "../ui/useWidth";
import { setPinned } from "./actions";
import { DeleteDialog } from "./DeleteDialog";
import { isGone } from "./FlowLoader";
import { openAhead, placesOf } from "./opening";
import { PaneHead } from "./PaneHead";
import type { DetailHandle, PaneProps } from "./pane";
import { paneWidth, readPane, type Side } from "./paneSize";
import { Resizer } from "./Resizer";
import { TabBar } from "./TabBar";
import { TabPanel } from "./TabPanel";
import { chosenTab, rememberTab, type Tab, tabsFor } from "./tabs";
import { useFlow } from "./useFlow";
import { useNext } from "./useNext";
import { usePressed } from "./usePressed";
import { useSteady } from "./useSteady";
import "../bodies/bodies.css";
import "../decoded/decoded.css";
import "./detail.css";

const DiffView = late(
  () => import("../diff/DiffView").then((module) => module.DiffView),
  () => <section className="detail" aria-busy="true" />,
);

/* Gets what the views of bodies need, before anybody asks for it. */
export function prefetchViews(): void {
  prefetchText();
}

// From here on request and response stand side by side.
const widePx = 980;

/* One flow, beside the list. */
export function DetailPane(props: PaneProps & { ref: Ref<DetailHandle> }) {
  const { ref, onClose, say } = props;
  const { store } = useLive();
  const { place, go } = usePlace();
  const [writing, setWriting] = useState({ number: 0, times: 0 });
  const [deleting, setDeleting] = useState(false);
  // The flow of which a tab was chosen, whatever stands in it.
  const [insistsOn, setInsistsOn] = useState<number | null>(null);
  const [size, setSize] = useState(() => readPane());
  const pane = useRef<HTMLElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const isDiff = place.compare !== null && place.compare !== props.number;
  const isThere = props.number !== null && !isDiff;
  const wide = useWidth(pane, isThere, paneWidth(size)) >= widePx;

  const open = (row: Row) =>
    openAhead(row, placesOf(row, chosenTab(row, place.tab, wide, false), wide));
  const { number, row: listed } = useSteady(props.number, props.row, open);
  usePressed(open);
  useNext(number, open);
  const { loaded, reload } = useFlow(number, listed?.change);
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
    writeNote: (of) => {
      setWriting(({ times }) => ({ number: of, times: times + 1 }));
      go({ tab: "note" });
    },
  }));

  // What leaves the list may be gone for good.
  const isListed = listed !== undefined;
  const wasListed = useRef<number | null>(null);
  useEffect(() => {
    if (!isListed && number !== null && wasListed.current === number) reload();
    wasListed.current = isListed ? number : null;
  }, [isListed, number, reload]);

  const kind = row?.kind;
  const tab = row && chosenTab(row, place.tab, wide, insistsOn === number);
  // What the reader chose is there again for the next flow of its kind.
  useEffect(() => {
    if (kind && tab && place.tab === tab) rememberTab(kind, tab);
  }, [kind, tab, place.tab]);

  // The next flow that is opened is compared with this one.
  const [first, setFirst] = useState<number | null>(null);
  const asked = props.number;
  useEffect(() => {
    if (first === null || asked === null || asked === first) return;
    setFirst(null);
    go({ compare: first });
  }, [first, asked, go]);
  const compareNext = (one: number) => {
    setFirst(one);
    say("Open another flow to compare it with this one");
  };

  if (props.number === null) return null;
  if (place.compare !== null && isDiff) {
    const endDiff = (left: number | null) => {
      go({ flow: left, compare: null });
      focusList();
    };
    return (
      <SayContext value={say}>
        <Resizer size={size} onSize={setSize} />
        <DiffView
          a={place.compare}
          b={props.number}
          onClose={() => endDiff(props.number)}
          onLeft={endDiff}
          onAnother={(left) => {
            endDiff(left);
            compareNext(left);
          }}
        />
      </SayContext>
    );
  }
  const choose = (next: Tab) => {
    setWriting(({ times }) => ({ number: 0, times }));
    setInsistsOn(number);
    go({ tab: next });
  };
  const turnSide = () => {
    const next: Side = size.side === "right" ? "below" : "right";
    setSize(readPane(next));
  };
  return (
    <SayContext value={say}>
      <Resizer size={size} onSize={setSize} />
      <section
        ref={pane}
        className="detail"
        aria-label="The open flow"
        aria-busy={number === null}
      >
        {number !== null && (
          <>
            <PaneHead
              number={number}
              row={row}
              flow={flow}
              gone={isGone(loaded)}
              side={size.side}
              onSide={turnSide}
              onCompare={() => compareNext(number)}
              onPin={togglePin}
              onDelete={() => setDeleting(true)}
              onClose={onClose}
              say={say}
            />
            {row && tab && (
              <TabBar
                tabs={tabsFor(row, wide)}
                tab={tab}
                row={row}
                wide={wide}
                onTab={choose}
              />
            )}
            <TabPanel
              ref={panel}
              key={number}
              tab={tab ?? "overview"}
              row={row}
              loaded={loaded}
              writing={writing.number === number ? writing.times : 0}
              wide={wide}
              onRetry={reload}
              onClose={onClose}
            />
          </>
        )}
      </section>
      {deleting && row && (
        <DeleteDialog
          row={row}
          onClose={() => setDeleting(false)}
          onDeleted={onClose}
          say={say}
        />
      )}
    </SayContext>
  );
}

/* The list is told of changes first, unless it does not hold the flow. */
function newer(listed: Row | undefined, flow: Flow | null): Row | undefined {
  if (!flow?.summary) return listed;
  if (listed && listed.change >= Number(flow.summary.change)) return listed;
  return toRow(flow.summary);
}

import { memo, type Ref, type RefObject, useImperativeHandle, useRef } from "react";
import { ScrollContext } from "../bodies/scroll";
import type { Row } from "../connection/row";
import { Messages } from "../messages/Messages";
import { Connection } from "./Connection";
import { FlowFault } from "./FlowFault";
import type { Loaded } from "./FlowLoader";
import { Halves } from "./Halves";
import { NoteTab } from "./NoteTab";
import { Overview } from "./Overview";
import { TimingTab } from "./TimingTab";
import type { Tab } from "./tabs";

interface Props {
  ref: Ref<HTMLDivElement>;
  tab: Tab;
  row: Row | undefined;
  loaded: Loaded | null;
  writing: number;
  /* There is room for request and response side by side. */
  wide: boolean;
  onRetry(): void;
  onClose(): void;
}

/* Drawn again only when its flow changes, not whenever the list does. */
export const TabPanel = memo(function TabPanel(props: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  useImperativeHandle(props.ref, () => scroller.current as HTMLDivElement);
  return (
    <div
      ref={scroller}
      id="tab-panel"
      role="tabpanel"
      aria-labelledby={`tab-${props.tab}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it
      tabIndex={0}
      className="panel"
    >
      <ScrollContext value={scroller as RefObject<HTMLElement | null>}>
        {props.loaded?.error != null && (
          <FlowFault
            loaded={props.loaded}
            onClose={props.onClose}
            onRetry={() => {
              // The button that asked for it goes.
              scroller.current?.focus();
              props.onRetry();
            }}
          />
        )}
        <Content {...props} />
      </ScrollContext>
    </div>
  );
});

function Content({ tab, row, loaded, writing, wide }: Props) {
  const flow = loaded?.flow;
  if (!flow && loaded?.error) return null;
  if (!flow || !row) return <div className="nothing" aria-busy="true" />;
  switch (tab) {
    case "overview":
      return <Overview flow={flow} row={row} />;
    case "request":
    case "response":
      return <Halves flow={flow} row={row} which={tab} wide={wide} />;
    case "messages":
      return (
        <Messages
          flow={flow}
          number={row.number}
          count={row.messages}
          live={row.state === "live"}
        />
      );
    case "timing":
      return <TimingTab flow={flow} row={row} />;
    case "connection":
      return <Connection flow={flow} />;
    case "note":
      return <NoteTab number={row.number} note={flow.note} writing={writing} />;
  }
}

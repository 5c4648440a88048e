import { ConnectError } from "@connectrpc/connect";
import { memo, type Ref, type RefObject, useImperativeHandle, useRef } from "react";
import { ScrollContext } from "../bodies/scroll";
import type { Row } from "../connection/row";
import { BodyPlace, type Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import type { HTTPFlow } from "../gen/mitmproxy/v1/mitmproxy_pb";
import type { Say } from "../ui/notice";
import { Connection } from "./Connection";
import { DnsMessage } from "./DnsMessage";
import type { Loaded } from "./FlowLoader";
import { HttpMessage } from "./HttpMessage";
import { Messages } from "./Messages";
import { NoteTab } from "./NoteTab";
import { Overview } from "./Overview";
import type { Tab } from "./tabs";

interface Props {
  ref: Ref<HTMLDivElement>;
  tab: Tab;
  row: Row | undefined;
  loaded: Loaded | null;
  writing: number;
  onRetry(): void;
  say: Say;
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
        <Content {...props} />
      </ScrollContext>
    </div>
  );
});

function Content({ tab, row, loaded, writing, onRetry, say }: Props) {
  if (loaded?.error) {
    return (
      <div className="nothing" role="alert">
        <p>{ConnectError.from(loaded.error).rawMessage}</p>
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      </div>
    );
  }
  const flow = loaded?.flow;
  if (!flow || !row) return <div className="nothing" aria-busy="true" />;
  switch (tab) {
    case "overview":
      return <Overview flow={flow} row={row} />;
    case "request":
    case "response":
      return <Half key={tab} flow={flow} row={row} which={tab} />;
    case "messages":
      return <Messages flow={flow} live={row.state === "live"} />;
    case "connection":
      return <Connection flow={flow} />;
    case "note":
      return <NoteTab number={row.number} note={flow.note} writing={writing} say={say} />;
  }
}

function Half({
  flow,
  row,
  which,
}: {
  flow: Flow;
  row: Row;
  which: "request" | "response";
}) {
  const of = flow.flow;
  if (of.case === "dnsFlow") return <DnsMessage message={of.value[which]} />;
  if (of.case !== "httpFlow") return null;
  return (
    <HttpMessage
      message={of.value[which]}
      details={flow.httpFlowExtra?.[which]}
      fileName={fileNameOf(of.value, row, which)}
      source={{
        number: row.number,
        place: which === "request" ? BodyPlace.REQUEST : BodyPlace.RESPONSE,
        change: String(flow.summary?.change ?? ""),
      }}
      missing={which === "request" ? "The request is not known." : noResponse(row)}
    />
  );
}

function noResponse(row: Row): string {
  if (row.error) return `There is no response: ${row.error}`;
  return row.state === "live" ? "No response yet." : "There is no response.";
}

function fileNameOf(http: HTTPFlow, row: Row, which: string): string {
  const path =
    (http.request?.prettyUrl || http.request?.url || "").split(/[?#]/)[0] ?? "";
  const last = path.split("/").pop() ?? "";
  const name = last
    .replace(/[^A-Za-z0-9._-]+/g, "_")
    .replace(/^\.+/, "")
    .slice(-80);
  return which === "response" && name ? name : `flow-${row.number}-${which}`;
}

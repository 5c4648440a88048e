import type { Row } from "../connection/row";
import { BodyPlace, type Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import type { HTTPFlow } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { DnsMessage } from "./DnsMessage";
import { HttpMessage } from "./HttpMessage";

type Which = "request" | "response";

interface Props {
  flow: Flow;
  row: Row;
  which: Which;
  wide: boolean;
}

/* What was asked and what was answered: one of them, or both side by side. */
export function Halves({ flow, row, which, wide }: Props) {
  if (!wide) return <Half key={which} flow={flow} row={row} which={which} />;
  const isDns = flow.flow.case === "dnsFlow";
  return (
    <div className="halves">
      <section aria-label={isDns ? "Query" : "Request"}>
        <h2>{isDns ? "Query" : "Request"}</h2>
        <Half flow={flow} row={row} which="request" />
      </section>
      <section aria-label={isDns ? "Answer" : "Response"}>
        <h2>{isDns ? "Answer" : "Response"}</h2>
        <Half flow={flow} row={row} which="response" />
      </section>
    </div>
  );
}

function Half({ flow, row, which }: Omit<Props, "wide">) {
  const of = flow.flow;
  const change = String(flow.summary?.change ?? "");
  if (of.case === "dnsFlow") {
    const index = which === "request" ? 0 : 1;
    const source = { number: row.number, place: BodyPlace.MESSAGE, index, change };
    return <DnsMessage message={of.value[which]} source={source} row={row} />;
  }
  if (of.case !== "httpFlow") return null;
  return (
    <HttpMessage
      message={of.value[which]}
      fileName={fileNameOf(of.value, row, which)}
      source={{
        number: row.number,
        place: which === "request" ? BodyPlace.REQUEST : BodyPlace.RESPONSE,
        change,
      }}
      missing={which === "request" ? "The request is not known." : noResponse(row)}
    />
  );
}

export function noResponse(row: Row): string {
  if (row.error) return `There is no response: ${row.error}`;
  return row.state === "live" ? "No response yet." : "There is no response.";
}

function fileNameOf(http: HTTPFlow, row: Row, which: Which): string {
  const path =
    (http.request?.prettyUrl || http.request?.url || "").split(/[?#]/)[0] ?? "";
  const last = path.split("/").pop() ?? "";
  const name = last
    .replace(/[^A-Za-z0-9._-]+/g, "_")
    .replace(/^\.+/, "")
    .slice(-80);
  return which === "response" && name ? name : `flow-${row.number}-${which}`;
}

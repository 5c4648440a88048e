import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { type Row, timestampMs } from "../connection/row";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import type { HTTPFlow, Request } from "../gen/mitmproxy/v1/mitmproxy_pb";
import { CopyButton } from "../ui/CopyButton";
import { visibleName } from "../ui/captured";
import { formatDateTime, formatDuration, formatSize, plural } from "../ui/format";
import { modeText } from "./device";
import { type Field, Fields, prose } from "./Fields";
import { LongValue } from "./LongValue";

const stateText = {
  live: "still open",
  ended: "ended",
  cut: "cut off: its exporter went away before its end",
};

function when(time: Timestamp | undefined): string {
  return time ? formatDateTime(timestampMs(time)) : "";
}

function httpFields(flow: HTTPFlow): Field[] {
  const { request, response, websocketClose: close } = flow;
  const by = close?.byClient ? "client" : "server";
  return [
    ["Request", request && <Asked request={request} />],
    ["URL as sent", request && request.prettyUrl !== request.url ? request.url : ""],
    ["Response", response ? `${response.statusCode} ${response.reason}`.trim() : ""],
    ["Version", response?.httpVersion || request?.httpVersion || ""],
    [
      "WebSocket closed",
      close && prose(`by the ${by}, ${close.code || "no code"} ${close.reason}`),
    ],
  ];
}

function Asked({ request }: { request: Request }) {
  const url = request.prettyUrl || request.url;
  return (
    <>
      <LongValue text={visibleName(`${request.method} ${url}`)} />
      <span className="acts">
        <CopyButton text={url} what="the URL" />
      </span>
    </>
  );
}

export function Overview({ flow, row }: { flow: Flow; row: Row }) {
  const http = flow.flow.case === "httpFlow" ? flow.flow.value : null;
  const { meta, summary } = flow;
  return (
    <>
      {row.error && (
        <p className="alert" role="note">
          <bdi>{row.error}</bdi>
        </p>
      )}
      {http && <Fields title="Exchange" fields={httpFields(http)} />}
      <Fields
        title="Flow"
        fields={[
          ["State", stateText[row.state]],
          ["Begun", row.startMs ? formatDateTime(row.startMs) : ""],
          ["Duration", row.durationMs === null ? "" : formatDuration(row.durationMs)],
          ["From the client", summary ? formatSize(Number(summary.clientBytes)) : ""],
          ["From the server", summary ? formatSize(Number(summary.serverBytes)) : ""],
          ["Messages", row.messages ? plural(row.messages, "message") : ""],
          ["Source", row.source],
          ["Came by", modeText(summary?.proxyMode ?? "")],
          ["Number", String(row.number)],
          ["Id", summary?.id ?? ""],
        ]}
      />
      <Fields
        title="In mitmproxy"
        fields={[
          ["Comment", prose(meta?.comment ?? "")],
          ["Changed by rules", meta?.redactions.join("; ") ?? ""],
          ["Marked", meta?.marked ?? ""],
          ["Replayed", meta?.replayed ?? ""],
          ["Intercepted", meta?.intercepted ? "yes" : ""],
          ["Error at", when(meta?.errorAt)],
        ]}
      />
    </>
  );
}

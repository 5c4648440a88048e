import { timestampMs } from "../connection/row";
import { explainClose } from "../detail/explain";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { visible } from "../ui/captured";
import { formatClock } from "../ui/format";

/* How a conversation ended. */
export function CloseCard({ flow, live }: { flow: Flow; live: boolean }) {
  const close =
    flow.flow.case === "httpFlow" ? flow.flow.value.websocketClose : undefined;
  if (!close) {
    return <p className="chat-end">{live ? "The connection is open." : ""}</p>;
  }
  const by = close.byUnknown ? "" : closer(close.byClient);
  const time = timestampMs(close.timestamp);
  const meaning = explainClose(close.code);
  return (
    <section className="close-card" aria-label="Close">
      <p>
        <b>Closed{by}</b>
        {close.code > 0 && ` with ${close.code}`}
        {meaning && `: ${meaning}`}
      </p>
      {close.reason && (
        <p>
          <q>
            <bdi>{visible(close.reason)}</bdi>
          </q>
        </p>
      )}
      {time > 0 && <time className="dim">{formatClock(time)}</time>}
    </section>
  );
}

function closer(byClient: boolean): string {
  return byClient ? " by the client" : " by the server";
}

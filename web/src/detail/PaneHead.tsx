import { useState } from "react";
import type { Row } from "../connection/row";
import { splitUrl } from "../connection/row";
import { CopyDialog } from "../export/CopyDialog";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { visibleLine } from "../ui/captured";
import { copyText } from "../ui/clipboard";
import { CloseIcon } from "../ui/icons";
import type { Say } from "../ui/notice";

interface Props {
  number: number;
  row: Row | undefined;
  flow: Flow | null;
  onPin(): void;
  onDelete(): void;
  onClose(): void;
  say: Say;
}

function urlOf(flow: Flow | null): string {
  if (flow?.flow.case !== "httpFlow") return "";
  const { request } = flow.flow.value;
  return request?.prettyUrl || request?.url || "";
}

function reasonOf(flow: Flow | null): string {
  return flow?.flow.case === "httpFlow" ? (flow.flow.value.response?.reason ?? "") : "";
}

/* The scheme and the host stand out from what the client asks of it. */
function Url({ url, row }: { url: string; row: Row }) {
  if (!url) {
    return (
      <p className="url">
        <bdi>
          <b>{row.host}</b>
        </bdi>{" "}
        <bdi>{`${row.path}${row.query}`}</bdi>
      </p>
    );
  }
  const parts = splitUrl(url);
  return (
    <p className="url">
      <bdi>
        {visibleLine(parts.scheme)}
        <b>{visibleLine(parts.host)}</b>
        {visibleLine(parts.path)}
        <span className="dim">{visibleLine(parts.query)}</span>
      </bdi>
    </p>
  );
}

/* What the open flow is, and what can be done with it. */
export function PaneHead({ number, row, flow, onPin, onDelete, onClose, say }: Props) {
  const url = urlOf(flow);
  const [taking, setTaking] = useState(false);
  const copy = () => {
    copyText(url)
      .then(() => say("URL copied"))
      .catch(say);
  };
  return (
    <div className="pane-head">
      <div className="pane-line">
        <span className="method">{row?.badge}</span>
        <span className={`status tone-${row?.tone ?? "mute"}`}>
          {row ? `${row.status} ` : `Flow ${number}`}
          <bdi>{visibleLine(reasonOf(flow))}</bdi>
        </span>
        {row && row.state !== "ended" && (
          <span className={`state is-${row.state}`}>
            {row.state === "live" ? "live" : "cut off"}
          </span>
        )}
        <span className="pane-tools">
          <button
            type="button"
            aria-pressed={row?.pinned ?? false}
            disabled={!row}
            onClick={onPin}
          >
            {row?.pinned ? "Pinned" : "Pin"}
          </button>
          <button type="button" disabled={!url} onClick={copy}>
            Copy URL
          </button>
          <button type="button" disabled={!row} onClick={() => setTaking(true)}>
            Copy as…
          </button>
          <button type="button" disabled={!row} onClick={onDelete}>
            Delete…
          </button>
          <button
            type="button"
            className="close"
            aria-label="Close the flow"
            onClick={onClose}
          >
            <CloseIcon />
          </button>
        </span>
      </div>
      {row && <Url url={url} row={row} />}
      {taking && (
        <CopyDialog number={number} onClose={() => setTaking(false)} say={say} />
      )}
    </div>
  );
}

import type { Row } from "../connection/row";
import { splitUrl } from "../connection/row";
import type { Flow } from "../gen/mitmflow/v1/mitmflow_pb";
import { visibleLine, visibleName } from "../ui/captured";
import { CloseIcon } from "../ui/icons";
import type { Say } from "../ui/notice";
import { CopyMenu } from "./CopyMenu";
import { explainStatus } from "./explain";
import type { Side } from "./paneSize";

interface Props {
  number: number;
  row: Row | undefined;
  flow: Flow | null;
  /* It is no longer kept: nothing can be done with it. */
  gone: boolean;
  side: Side;
  onSide(): void;
  onCompare(): void;
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
        {visibleName(parts.scheme)}
        <b>{visibleName(parts.host)}</b>
        {visibleName(parts.path)}
        <span className="dim">{visibleName(parts.query)}</span>
      </bdi>
    </p>
  );
}

function codeOf(flow: Flow | null): number {
  return flow?.flow.case === "httpFlow" ? (flow.flow.value.response?.statusCode ?? 0) : 0;
}

/* What the open flow is, and what can be done with it. */
export function PaneHead(props: Props) {
  const {
    number,
    row,
    flow,
    gone,
    side,
    onSide,
    onCompare,
    onPin,
    onDelete,
    onClose,
    say,
  } = props;
  const url = urlOf(flow);
  const meaning = explainStatus(codeOf(flow));
  return (
    <div className="pane-head">
      <div className="pane-line">
        <h2 className="pane-title">
          {row && <span className="method">{row.badge}</span>}
          <span className={`status tone-${row?.tone ?? "mute"}`}>
            {row ? `${row.status} ` : `Flow ${number}`}
            <bdi>{visibleLine(reasonOf(flow))}</bdi>
          </span>
        </h2>
        {meaning && <span className="meaning">{meaning}</span>}
        {row && row.state !== "ended" && (
          <span className={`state is-${row.state}`}>
            {row.state === "live" ? "live" : "cut off"}
          </span>
        )}
        <span className="pane-tools">
          <button
            type="button"
            aria-pressed={row?.pinned ?? false}
            disabled={!row || gone}
            onClick={onPin}
          >
            {row?.pinned ? "Pinned" : "Pin"}
          </button>
          <CopyMenu
            number={number}
            url={url}
            disabled={!row || gone}
            onCompare={onCompare}
            say={say}
          />
          <button type="button" disabled={!row || gone} onClick={onDelete}>
            Delete…
          </button>
          <button
            type="button"
            className="side"
            aria-label={side === "right" ? "Show the flow below" : "Show the flow beside"}
            title={side === "right" ? "Show the flow below" : "Show the flow beside"}
            onClick={onSide}
          >
            <SideIcon side={side === "right" ? "below" : "right"} />
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
    </div>
  );
}

function SideIcon({ side }: { side: Side }) {
  const line = side === "right" ? "M10 3v10" : "M2.5 9h11";
  return (
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" className="icon">
      <path
        d={`M2.5 3h11v10h-11zM${line.slice(1)}`}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinejoin="round"
      />
    </svg>
  );
}

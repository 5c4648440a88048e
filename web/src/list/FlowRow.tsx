import { memo } from "react";
import type { Row } from "../connection/row";
import { useHighlighted } from "../filter/useHighlighted";
import {
  formatClock,
  formatDateTime,
  formatDuration,
  formatSize,
  plural,
} from "../ui/format";
import { NoteIcon, PinIcon } from "../ui/icons";

interface Props {
  row: Row;
  rowIndex: number;
  top: number;
  current: boolean;
  opened: boolean;
  showSource: boolean;
  fresh: boolean;
}

const stateWords = { live: "still open", ended: "", cut: "cut off before its end" };

/* The row as a sentence, for those who hear it. */
export function rowLabel(row: Row): string {
  const parts = [
    `${row.badge} ${row.host}${row.path}`,
    row.status === "\u2026" || row.status === "\u2013"
      ? "no answer yet"
      : `status ${row.status}`,
    row.error && `error: ${row.error}`,
    stateWords[row.state],
    row.size !== null && formatSize(row.size),
    row.durationMs !== null && formatDuration(row.durationMs),
    row.startMs !== 0 && `at ${formatClock(row.startMs)}`,
    row.pinned && "pinned",
    row.noted && "has a note",
  ];
  return parts.filter(Boolean).join(", ");
}

function edgeOf(row: Row): string {
  if (row.error) return "edge-bad";
  return row.tls ? "edge-tls" : "";
}

function classOf({ row, current, opened, fresh }: Props): string {
  const names = ["row", `is-${row.state}`, edgeOf(row)];
  if (current) names.push("current");
  if (opened) names.push("opened");
  if (fresh) names.push("fresh");
  return names.filter(Boolean).join(" ");
}

function Path({ row }: { row: Row }) {
  const count =
    row.kind === "ws" && row.messages > 0 ? plural(row.messages, "message") : "";
  return (
    <>
      <bdi>{row.path}</bdi>
      {row.query && <bdi className="dim">{row.query}</bdi>}
      {count && <span className="dim"> · {count}</span>}
      {row.error && <bdi className="row-error"> {row.error}</bdi>}
    </>
  );
}

function titleOf(row: Row): string {
  return `${row.host}${row.path}${row.query}${row.error ? `\n${row.error}` : ""}`;
}

/* Rows above move a row without changing it: only its place is drawn anew. */
export function FlowRow(props: Props) {
  const { row, showSource } = props;
  const isMarked = useHighlighted(row.number, row.change);
  return (
    <div
      role="row"
      id={`flow-${row.number}`}
      data-number={row.number}
      aria-rowindex={props.rowIndex}
      aria-selected={props.current}
      aria-label={isMarked ? `${rowLabel(row)}, highlighted` : rowLabel(row)}
      className={isMarked ? `${classOf(props)} is-marked` : classOf(props)}
      style={{ transform: `translateY(${props.top}px)` }}
    >
      <Cells row={row} showSource={showSource} />
    </div>
  );
}

const Cells = memo(function Cells({
  row,
  showSource,
}: Pick<Props, "row" | "showSource">) {
  return (
    <>
      <div
        role="gridcell"
        className="c-time"
        title={row.startMs ? formatDateTime(row.startMs) : ""}
      >
        {row.startMs ? formatClock(row.startMs) : "\u2013"}
      </div>
      {showSource && (
        <div role="gridcell" className="c-source" title={row.source}>
          <bdi>{row.source}</bdi>
        </div>
      )}
      <div role="gridcell" className="c-badge" title={row.badge}>
        <bdi>{row.badge}</bdi>
      </div>
      <div role="gridcell" className="c-host" title={row.host}>
        <bdi>{row.host}</bdi>
      </div>
      <div role="gridcell" className="c-path" title={titleOf(row)}>
        <Path row={row} />
      </div>
      <div role="gridcell" className="c-marks">
        {row.noted && <NoteIcon />}
        {row.pinned && <PinIcon />}
      </div>
      <div
        role="gridcell"
        className={`c-status tone-${row.tone}`}
        title={stateWords[row.state]}
      >
        {row.state === "live" && <i className="dot" />}
        {row.state === "cut" && row.status !== "cut off" && <i className="cut">cut</i>}
        {row.status}
      </div>
      <div role="gridcell" className="c-size">
        {row.size === null ? "" : formatSize(row.size)}
      </div>
      <div role="gridcell" className="c-duration">
        {row.durationMs === null ? "" : formatDuration(row.durationMs)}
      </div>
    </>
  );
});

import { createContext, memo, type ReactNode, useContext } from "react";
import type { Row } from "../connection/row";
import { useAppearance } from "../settings/useAppearance";
import {
  dayOf,
  formatClock,
  formatDateTime,
  formatDuration,
  formatSize,
  plural,
} from "../ui/format";
import { NoteIcon, PinIcon } from "../ui/icons";
import { Ago } from "./Ago";
import type { ColumnId } from "./columns";
import { typeIcon, typeNames, typePaths } from "./typeIcon";

/* The time that the waterfall's column stands for, ms since the epoch. */
export interface Span {
  from: number;
  to: number;
}

/* What changes with the rows in view is no property of any of them. */
export const SpanContext = createContext<Span>({ from: 0, to: 1 });

const stateWords = { live: "still open", ended: "", cut: "cut off before its end" };

/* Captured text; what is written from right to left stays by itself. */
function isolated(text: string): ReactNode {
  return /^[ -~]*$/.test(text) ? text : <bdi>{text}</bdi>;
}

/* The row as a sentence, for those who hear it. */
export function rowLabel(row: Row): string {
  const parts = [
    `${row.badge} ${row.host}${row.path.startsWith("/") ? "" : " "}${row.path}`.trim(),
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

/* Of another day with its month and day: 11-23 10:01:44.120. */
function Time({ startMs, day }: Row) {
  const { times } = useAppearance();
  if (!startMs) return "\u2013";
  if (times === "ago") return <Ago startMs={startMs} />;
  const isToday = day === dayOf(Date.now());
  return (
    <>
      {!isToday && <span className="dim">{formatDateTime(startMs).slice(5, 11)}</span>}
      {formatClock(startMs)}
    </>
  );
}

function TypePicture({ row }: { row: Row }) {
  const icon = typeIcon(row);
  return (
    <svg
      className={`type-icon is-${icon}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      role="img"
      aria-label={typeNames[icon]}
    >
      <title>{row.contentType || typeNames[icon]}</title>
      <path d={typePaths[icon]} />
    </svg>
  );
}

function Path({ row }: { row: Row }) {
  const count =
    row.kind === "ws" && row.messages > 0 ? plural(row.messages, "message") : "";
  return (
    <>
      <span className="path-text">
        {isolated(row.path)}
        {row.query && <span className="dim">{isolated(row.query)}</span>}
        {count && <span className="dim"> · {count}</span>}
        {row.error && <bdi className="row-error"> {row.error}</bdi>}
      </span>
      {row.noted && <NoteIcon />}
      {row.pinned && <PinIcon />}
    </>
  );
}

function Status({ row }: { row: Row }) {
  return (
    <>
      {row.state === "live" && <i className="dot" />}
      {row.state === "cut" && row.status !== "cut off" && <i className="cut">cut</i>}
      {row.status}
    </>
  );
}

/* Where in the time of the rows in view this one has its own. */
function Waterfall({ row }: { row: Row }) {
  const span = useContext(SpanContext);
  if (!row.startMs) return null;
  const whole = span.to - span.from || 1;
  const left = Math.min(1, Math.max(0, (row.startMs - span.from) / whole));
  const width = Math.min(1 - left, (row.durationMs ?? 0) / whole);
  const style = { left: `${left * 100}%`, width: `${width * 100}%` };
  return (
    <span className="fall">
      <i className={`fall-bar is-${row.state}`} style={style} />
    </span>
  );
}

const titles: Partial<Record<ColumnId, (row: Row) => string>> = {
  time: (row) => (row.startMs ? formatDateTime(row.startMs) : ""),
  source: (row) => row.source,
  device: (row) => row.device,
  method: (row) => row.badge,
  host: (row) => row.host,
  path: (row) => `${row.host}${row.path}${row.query}${row.error ? `\n${row.error}` : ""}`,
  status: (row) => stateWords[row.state],
  content: (row) => row.contentType,
};

function contentOf(id: ColumnId, row: Row): ReactNode {
  switch (id) {
    case "time":
      return <Time {...row} />;
    case "type":
      return <TypePicture row={row} />;
    case "path":
      return <Path row={row} />;
    case "status":
      return <Status row={row} />;
    case "waterfall":
      return <Waterfall row={row} />;
    case "size":
      return row.size === null ? "" : formatSize(row.size);
    case "duration":
      return row.durationMs === null ? "" : formatDuration(row.durationMs);
    case "method":
      return isolated(row.badge);
    case "content":
      return isolated(row.contentType);
    default:
      return isolated(row[id]);
  }
}

interface Props {
  row: Row;
  columns: readonly ColumnId[];
}

export const Cells = memo(function Cells({ row, columns }: Props) {
  return columns.map((id) => (
    <div
      key={id}
      role="gridcell"
      className={id === "status" ? `c-status tone-${row.tone}` : `c-${id}`}
      title={titles[id]?.(row)}
    >
      {contentOf(id, row)}
    </div>
  ));
});

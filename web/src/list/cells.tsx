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
import type { ColumnId, Shown } from "./columns";
import { surelyFits } from "./room";
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
function dateOf({ startMs, day }: Row): string {
  return day === dayOf(Date.now()) ? "" : formatDateTime(startMs).slice(5, 11);
}

const clockLen = "10:01:44.120".length;

function Time({ startMs, text }: { startMs: number; text: string }) {
  const { times } = useAppearance();
  if (!startMs) return "\u2013";
  if (times === "ago") return <Ago startMs={startMs} />;
  const date = text.slice(0, -clockLen);
  return (
    <>
      {date && <span className="dim">{date}</span>}
      {text.slice(-clockLen)}
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
  const count = countOf(row);
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
  const style = { marginLeft: `${left * 100}%`, width: `${width * 100}%` };
  return <i className="fall" style={style} />;
}

function countOf(row: Row): string {
  return row.kind === "ws" && row.messages > 0 ? plural(row.messages, "message") : "";
}

/* The letters of a cell. */
function textOf(id: ColumnId, row: Row): string {
  switch (id) {
    case "time":
      return `${dateOf(row)}${formatClock(row.startMs)}`;
    case "type":
    case "waterfall":
      return "";
    case "path":
      return [row.path + row.query, countOf(row), row.error].filter(Boolean).join(" - ");
    case "size":
      return row.size === null ? "" : formatSize(row.size);
    case "duration":
      return row.durationMs === null ? "" : formatDuration(row.durationMs);
    case "method":
      return row.badge;
    case "content":
      return row.contentType;
    default:
      return row[id];
  }
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

// As "NXDOMAIN": longer than the column's figures are.
const longStatus = 7;

function statusClass({ status, tone }: Row): string {
  return `c-status tone-${tone}${status.length > longStatus ? " is-long" : ""}`;
}

function contentOf(id: ColumnId, row: Row, text: string): ReactNode {
  switch (id) {
    case "time":
      return <Time startMs={row.startMs} text={text} />;
    case "type":
      return <TypePicture row={row} />;
    case "path":
      return <Path row={row} />;
    case "status":
      return <Status row={row} />;
    case "waterfall":
      return <Waterfall row={row} />;
    default:
      return isolated(text);
  }
}

// Icons after a path, and what may stand before a status, with their gaps.
const iconPx = 20;
const statePx = 34;

function marksPx(id: ColumnId, row: Row): number {
  if (id === "path") return iconPx * (Number(row.noted) + Number(row.pinned));
  return id === "status" && row.state !== "ended" ? statePx : 0;
}

/* What is longer than its cell is cut with an ellipsis. To cut all of them
 * would cost a third of the time of each frame in which flows come. */
function classOf({ id, px }: Shown, row: Row, text: string): string {
  const name = id === "status" ? statusClass(row) : `c-${id}`;
  return surelyFits(text, px - marksPx(id, row)) ? name : `${name} clips`;
}

interface Props {
  row: Row;
  columns: readonly Shown[];
}

export const Cells = memo(function Cells({ row, columns }: Props) {
  return columns.map((column) => {
    const text = textOf(column.id, row);
    return (
      <div
        key={column.id}
        role="gridcell"
        className={classOf(column, row, text)}
        title={titles[column.id]?.(row)}
      >
        {contentOf(column.id, row, text)}
      </div>
    );
  });
});

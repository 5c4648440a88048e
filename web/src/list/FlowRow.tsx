import { type CSSProperties, memo } from "react";
import type { Row } from "../connection/row";
import { useHighlighted } from "../filter/useHighlighted";
import { formatDayShort } from "../ui/format";
import { MoreIcon } from "../ui/icons";
import { Cells, rowLabel } from "./cells";
import type { Shown } from "./columns";
import { When } from "./When";

interface Props {
  row: Row | undefined;
  /* Where it stands among the rows, pixels. */
  top: number;
  columns: readonly Shown[];
  isCurrent: boolean;
  isOpened: boolean;
  isSelected: boolean;
  /* Two lines to a row: there, what a right click has is a button. */
  isCompact: boolean;
  /* It is the first of another day than the rows before it. */
  beginsDay: boolean;
}

function classOf(props: Props, row: Row): string {
  const names = ["row", `is-${row.state}`];
  if (row.error) names.push("edge-bad");
  else if (row.tls) names.push("edge-tls");
  if (props.isCurrent) names.push("current");
  if (props.isOpened) names.push("opened");
  if (props.isSelected) names.push("selected");
  if (props.beginsDay) names.push("begins-day");
  return names.join(" ");
}

/* Which of the columns is the path, from 1. */
function pathPlace(columns: readonly Shown[]): number {
  return columns.findIndex(({ id }) => id === "path") + 1;
}

function KnownRow(props: Props & { row: Row }) {
  const { row } = props;
  const isMarked = useHighlighted(row.number, row.change);
  return (
    <div
      role="row"
      id={`flow-${row.number}`}
      data-number={row.number}
      aria-selected={props.isSelected || props.isCurrent}
      aria-label={isMarked ? `${rowLabel(row)}, highlighted` : rowLabel(row)}
      className={isMarked ? `${classOf(props, row)} is-marked` : classOf(props, row)}
      style={{ transform: `translateY(${props.top}px)` }}
    >
      <Cells row={row} columns={props.columns} />
      {props.isCompact && (
        <>
          <div role="gridcell" className="c-when">
            <When startMs={row.startMs} />
          </div>
          <div role="gridcell" className="c-more">
            <button type="button" tabIndex={-1} aria-label="Menu of the flow" data-more>
              <MoreIcon />
            </button>
          </div>
        </>
      )}
      {props.beginsDay && (
        <div
          className="day-mark"
          style={{ "--path": pathPlace(props.columns) } as CSSProperties}
          aria-hidden
        >
          {formatDayShort(row.startMs).slice(0, -5)}
          <span className="year">{formatDayShort(row.startMs).slice(-5)}</span>
        </div>
      )}
    </div>
  );
}

/* A line of the list, of its height also while its flow is not here yet. */
export const FlowRow = memo(function FlowRow(props: Props) {
  const { row, top } = props;
  if (row) return <KnownRow {...props} row={row} />;
  return (
    <div role="row" className="row unknown" style={{ transform: `translateY(${top}px)` }}>
      <div role="gridcell" aria-busy="true">
        <span className="bone" />
      </div>
    </div>
  );
});

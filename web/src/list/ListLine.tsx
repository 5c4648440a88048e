import type { VirtualItem } from "@tanstack/react-virtual";
import { windowMax } from "../connection/protocol";
import type { Row } from "../connection/row";
import { useLive, useView } from "../store/hooks";
import { formatDay, plural } from "../ui/format";
import { FlowRow } from "./FlowRow";
import type { Item } from "./items";

interface Props {
  item: Item;
  line: VirtualItem;
  /* Where the lines begin in what scrolls. */
  margin: number;
  cursor: number | null;
  opened: number | null;
  showSource: boolean;
}

const freshMs = 1500;

/* It ended, or last grew, a moment ago by this machine's clock. */
function isFresh(row: Row): boolean {
  return Math.abs(Date.now() - row.startMs - (row.durationMs ?? 0)) < freshMs;
}

export function ListLine({ item, line, margin, cursor, opened, showSource }: Props) {
  // The head is the grid's first row.
  const rowIndex = line.index + 2;
  const top = line.start - margin;
  if (item.type === "flow") {
    return (
      <FlowRow
        row={item.row}
        rowIndex={rowIndex}
        top={top}
        current={item.row.number === cursor}
        opened={item.row.number === opened}
        showSource={showSource}
        fresh={isFresh(item.row)}
      />
    );
  }
  return (
    <div
      role="row"
      aria-rowindex={rowIndex}
      className="row day"
      style={{ transform: `translateY(${top}px)` }}
    >
      <div role="gridcell">
        {item.type === "day" ? formatDay(item.startMs) : <Older />}
      </div>
    </div>
  );
}

function Older() {
  const { client } = useLive();
  const { rows, hasOlder, evicted } = useView();
  if (!hasOlder)
    return (
      <>
        {plural(evicted, "older flow")} {evicted === 1 ? "was" : "were"} let go by the
        limits.
      </>
    );
  if (rows.length >= windowMax) return <>Older flows are kept: filter to find them.</>;
  return (
    <button type="button" className="link" onClick={() => client.showOlder()}>
      Show older flows
    </button>
  );
}

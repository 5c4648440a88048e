import { type CSSProperties, type MouseEvent, useRef, useState } from "react";
import { useCommands } from "../commands/useCommands";
import { usePlace } from "../place/usePlace";
import { formatDay } from "../ui/format";
import { DownIcon, UpIcon } from "../ui/icons";
import { late } from "../ui/late";
import type { Say } from "../ui/notice";
import { ListHead } from "./ListHead";
import type { MenuAt } from "./RowMenu";
import { Rows } from "./Rows";
import { isEmpty, isSelected } from "./selection";
import { useAnother } from "./useAnother";
import { useColumns } from "./useColumns";
import { useFind } from "./useFind";
import { useGrid } from "./useGrid";
import { useKeptFocus } from "./useKeptFocus";
import { useListKeys } from "./useListKeys";
import { useMoves } from "./useMoves";
import { useSelection } from "./useSelection";

const RowMenu = late(() => import("./RowMenu").then((m) => m.RowMenu));
const SelectionBar = late(() => import("./SelectionBar").then((m) => m.SelectionBar));
const ColumnsDialog = late(() => import("./ColumnsDialog").then((m) => m.ColumnsDialog));
const TimeDialog = late(() => import("./TimeDialog").then((m) => m.TimeDialog));

interface Props {
  /* The row that keys act on, whether or not it is open. */
  cursor: number | null;
  opened: number | null;
  onCursor(number: number | null): void;
  onOpen(number: number): void;
  say: Say;
}

/* Shift extends what is selected of the rows, not of their text. */
function extendsRows(event: MouseEvent<HTMLElement>): void {
  const isRow = (event.target as Element).closest("[data-number]") !== null;
  if (!event.shiftKey || !isRow) return;
  event.preventDefault();
  event.currentTarget.focus({ preventScroll: true });
}

/* All flows that match, in a grid of which only what is seen is drawn. */
export function FlowList({ cursor, opened, onCursor, onOpen, say }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const { go } = usePlace();
  const grid = useGrid(scroller, opened);
  const { view, lines, map, shown } = grid;
  const select = useSelection(lines, view.filter, cursor, say);
  const { selection } = select;
  const columns = useColumns(view.rows, grid.width, grid.compact);
  const [menu, setMenu] = useState<MenuAt | null>(null);
  const [dialog, setDialog] = useState<"columns" | "time" | null>(null);
  const set = (number: number) => onCursor(number);
  useAnother(view.filter, () => setMenu(null));
  const keys = useMoves(grid, { at: cursor, opened, set, open: onOpen }, select.extend);
  const openMenu = (number: number, x: number, y: number) => {
    onCursor(number);
    setMenu({ number, x, y });
  };
  const menuByKey = () => {
    const el = cursor === null ? null : document.getElementById(`flow-${cursor}`);
    if (!el || cursor === null) return;
    const { left, bottom } = el.getBoundingClientRect();
    openMenu(cursor, left + 40, bottom);
  };
  useListKeys(
    {
      ...keys,
      move: (count, isExtending) => {
        if (!isExtending) select.clear();
        keys.move(count, isExtending);
      },
    },
    {
      all: select.all,
      toggle: () => cursor !== null && select.toggle(cursor),
      menu: menuByKey,
    },
  );
  useCommands([
    {
      id: "select-all",
      group: "List",
      title: "Select all flows",
      run: select.all,
    },
    {
      id: "select-none",
      group: "List",
      title: "Select nothing",
      enabled: !isEmpty(selection),
      run: select.clear,
    },
    {
      id: "columns",
      group: "View",
      title: "Columns",
      inMenu: true,
      run: () => setDialog("columns"),
    },
    {
      id: "to-time",
      group: "List",
      title: "Go to a time",
      inMenu: true,
      run: () => setDialog("time"),
    },
    {
      id: "newest",
      group: "List",
      title: "Follow the newest flows",
      enabled: grid.edge !== "none",
      run: () => toEdge(),
    },
  ]);

  const toEdge = () => {
    if (opened === null) onCursor(null);
    if (grid.edge !== "none") grid.toEnd(grid.edge);
    // The button that asked for it goes.
    scroller.current?.focus();
  };
  const clicked = (event: MouseEvent) => {
    const row = (event.target as Element).closest("[data-number]");
    if (!row) return;
    const number = Number(row.getAttribute("data-number"));
    const more = (event.target as Element).closest("[data-more]");
    if (more) {
      const { left, bottom } = more.getBoundingClientRect();
      return openMenu(number, left, bottom);
    }
    if (event.shiftKey) {
      select.extend(number, event.ctrlKey || event.metaKey);
      return onCursor(number);
    }
    if (event.ctrlKey || event.metaKey) {
      select.toggle(number);
      return onCursor(number);
    }
    select.clear();
    onOpen(number);
  };
  const asked = (event: MouseEvent) => {
    const row = (event.target as Element).closest("[data-number]");
    if (!row) return;
    event.preventDefault();
    openMenu(Number(row.getAttribute("data-number")), event.clientX, event.clientY);
  };

  useFind(grid, cursor);
  useKeptFocus(scroller);

  const topRow = lines.at(shown.first);
  const names = ["grid", grid.compact && "compact"];
  return (
    <section
      className="list"
      aria-label="Flows"
      style={
        { "--columns": columns.template, "--row": `${grid.size}px` } as CSSProperties
      }
    >
      {grid.unseen > 0 && !grid.follows && grid.edge !== "none" && (
        <button type="button" className={`chip-new at-${grid.edge}`} onClick={toEdge}>
          {grid.unseen > 999 ? "999+" : grid.unseen} new
          {grid.edge === "top" ? <UpIcon /> : <DownIcon />}
        </button>
      )}
      {grid.isScrolling && topRow && topRow.day !== 0 && view.sort === "arrival" && (
        <div className="day-now" aria-hidden>
          {formatDay(topRow.startMs)}
        </div>
      )}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys are heard by useListKeys */}
      <div
        ref={scroller}
        role="grid"
        tabIndex={0}
        aria-label="Captured flows"
        aria-multiselectable
        aria-rowcount={lines.count + 1}
        aria-activedescendant={cursor === null ? undefined : `flow-${cursor}`}
        className={names.filter(Boolean).join(" ")}
        onScroll={grid.onScroll}
        onMouseDown={extendsRows}
        onClick={clicked}
        onContextMenu={asked}
      >
        <ListHead
          shown={columns.shown}
          layout={columns.layout}
          onLayout={columns.onLayout}
          sort={view.sort}
          ascending={view.ascending}
          onSort={go}
        />
        <div className="length" style={{ height: map.height }}>
          <div className="lines" style={{ height: map.view }}>
            <Rows
              grid={grid}
              cursor={cursor}
              opened={opened}
              columns={columns.cells}
              selected={(number) => isSelected(selection, number)}
            />
          </div>
        </div>
      </div>
      {!isEmpty(selection) && (
        <SelectionBar
          selection={selection}
          view={view}
          onClear={select.clear}
          say={say}
        />
      )}
      {menu && (
        <RowMenu
          key={menu.number}
          at={menu}
          view={view}
          onOpen={onOpen}
          onClose={() => setMenu(null)}
          say={say}
        />
      )}
      {dialog === "columns" && (
        <ColumnsDialog
          layout={columns.layout}
          shown={columns.shown}
          onLayout={columns.onLayout}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "time" && (
        <TimeDialog view={view} onFlow={onCursor} onClose={() => setDialog(null)} />
      )}
    </section>
  );
}

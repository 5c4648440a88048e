import { flushSync } from "react-dom";
import { Dialog } from "../ui/Dialog";
import { DownIcon, UpIcon } from "../ui/icons";
import {
  type ColumnId,
  columns,
  isShown,
  type Layout,
  moved,
  plainLayout,
} from "./columns";

interface Props {
  layout: Layout;
  /* As they are now. */
  shown: readonly ColumnId[];
  onLayout(layout: Layout): void;
  onClose(): void;
}

/* Which columns the list has and in which order: by mouse or by keys. */
export function ColumnsDialog({ layout, shown, onLayout, onClose }: Props) {
  const choose = (id: ColumnId, on: boolean) =>
    onLayout({ ...layout, shown: { ...layout.shown, [id]: on } });
  const move = (id: ColumnId, by: number, button: HTMLElement) => {
    flushSync(() => onLayout(moved(layout, id, layout.order.indexOf(id) + by)));
    // A line that is put elsewhere loses the focus.
    button.focus();
  };
  return (
    <Dialog title="Columns" onClose={onClose}>
      <ol className="columns">
        {layout.order.map((id, at) => (
          <li
            key={id}
            draggable
            onDragStart={(event) => event.dataTransfer.setData("text/x-column", id)}
            onDragOver={(event) => event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault();
              const from = layout.order.find(
                (other) => other === event.dataTransfer.getData("text/x-column"),
              );
              if (from) onLayout(moved(layout, from, at));
            }}
          >
            <label>
              <input
                type="checkbox"
                checked={isShown(layout, id, shown.includes(id))}
                disabled={id === "path"}
                onChange={(event) => choose(id, event.target.checked)}
              />
              {columns[id].title}
            </label>
            <button
              type="button"
              aria-label={`${columns[id].title}: one place back`}
              aria-disabled={at === 0}
              onClick={(event) => move(id, -1, event.currentTarget)}
            >
              <UpIcon />
            </button>
            <button
              type="button"
              aria-label={`${columns[id].title}: one place on`}
              aria-disabled={at === layout.order.length - 1}
              onClick={(event) => move(id, 1, event.currentTarget)}
            >
              <DownIcon />
            </button>
          </li>
        ))}
      </ol>
      <p className="dim">
        Where the list is narrow, the least useful columns go by themselves.
      </p>
      <div className="buttons">
        <button type="button" className="button" onClick={() => onLayout(plainLayout)}>
          As at first
        </button>
        <button type="button" className="button primary" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}

import { type KeyboardEvent, useId, useRef, useState } from "react";
import { visibleName } from "../ui/captured";
import { formatCount, plural } from "../ui/format";
import { type Line, moveOf } from "./walk";

interface Props {
  label: string;
  lines: readonly Line[];
  isChosen(line: Line): boolean;
  onIsOpen(id: string, isOpen: boolean): void;
  /* Show only the flows of this one; or hide them. */
  onOnly(line: Line): void;
  onHide(line: Line): void;
}

function wordsOf({ node }: Line): string {
  const wrong = node.errors > 0 ? `, ${formatCount(node.errors)} with errors` : "";
  return `${visibleName(node.value)}: ${plural(node.count, "flow")}${wrong}`;
}

/* One line in focus; arrows, Home, End and letters move it, Enter narrows the
 * filter and Shift+Enter hides. */
export function Tree({ label, lines, isChosen, onIsOpen, onOnly, onHide }: Props) {
  const [current, setCurrent] = useState("");
  const root = useRef<HTMLDivElement>(null);
  const hint = useId();
  const found = lines.findIndex(({ node }) => node.id === current);
  const at = Math.max(found, 0);

  const focus = (place: number) => {
    const id = lines[place]?.node.id ?? "";
    setCurrent(id);
    root.current?.querySelectorAll<HTMLElement>("[role=treeitem]")[place]?.focus();
  };
  const pressed = (event: KeyboardEvent) => {
    const line = lines[at];
    if (!line || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = moveOf(event.key, lines, at);
    if (move?.type === "to") focus(move.at);
    else if (move) onIsOpen(move.id, move.type === "open");
    else if (event.key === "Enter" && event.shiftKey) onHide(line);
    else if (event.key === "Enter" || event.key === " ") onOnly(line);
    // Letters are the tree's, also those that find nothing.
    else if (event.key.length > 1 && !event.key.startsWith("Arrow")) return;
    event.preventDefault();
  };
  return (
    <>
      <div
        ref={root}
        role="tree"
        aria-label={label}
        aria-describedby={hint}
        className="tree"
        onKeyDown={pressed}
      >
        {lines.map((line, place) => (
          <div
            key={line.node.id}
            role="treeitem"
            tabIndex={place === at ? 0 : -1}
            aria-level={line.parents.length + 1}
            aria-posinset={line.place}
            aria-setsize={line.of}
            aria-expanded={line.node.children?.length === 0 ? undefined : line.isOpen}
            aria-selected={isChosen(line)}
            className={`tree-line is-${line.node.kind}`}
            style={{ paddingLeft: 8 + 16 * line.parents.length }}
            onFocus={() => setCurrent(line.node.id)}
          >
            {/* What the pointer needs; keys do the same on the line. */}
            <Twisty line={line} onIsOpen={onIsOpen} />
            <span className="sr-only">{wordsOf(line)}</span>
            <bdi aria-hidden="true" title={wordsOf(line)} onClick={() => onOnly(line)}>
              {visibleName(line.node.value)}
            </bdi>
            <button
              type="button"
              tabIndex={-1}
              aria-hidden="true"
              className="tree-hide"
              title="Hide these flows"
              onClick={() => onHide(line)}
            >
              Hide
            </button>
            {line.node.errors > 0 && (
              <span aria-hidden="true" className="tree-errors tone-bad">
                {plural(line.node.errors, "error")}
              </span>
            )}
            <span aria-hidden="true" className="tree-count">
              {formatCount(line.node.count)}
            </span>
          </div>
        ))}
      </div>
      <p id={hint} className="sr-only">
        Enter shows only these flows, Shift and Enter hides them.
      </p>
    </>
  );
}

function Twisty({ line, onIsOpen }: { line: Line } & Pick<Props, "onIsOpen">) {
  if (line.node.children?.length === 0) return <span className="tree-twisty" />;
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-hidden="true"
      className={line.isOpen ? "tree-twisty is-open" : "tree-twisty"}
      onClick={() => onIsOpen(line.node.id, !line.isOpen)}
    >
      <svg viewBox="0 0 16 16" width="12" height="12">
        <path d="M6 4l4 4-4 4" fill="none" stroke="currentColor" strokeWidth="1.6" />
      </svg>
    </button>
  );
}

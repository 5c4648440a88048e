import { type KeyboardEvent, useRef } from "react";
import type { Row } from "../connection/row";
import { formatDuration, formatSize } from "../ui/format";
import { type Tab, tabLabel } from "./tabs";

interface Props {
  tabs: readonly Tab[];
  tab: Tab;
  row: Row;
  wide: boolean;
  onTab(tab: Tab): void;
}

function metaOf(row: Row): string {
  const parts = [
    row.durationMs === null ? "" : formatDuration(row.durationMs),
    row.size === null ? "" : formatSize(row.size),
    row.source,
  ];
  return parts.filter(Boolean).join(" \u00b7 ");
}

export function TabBar({ tabs, tab, row, wide, onTab }: Props) {
  const bar = useRef<HTMLDivElement>(null);
  const pressed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    if (!next) return;
    onTab(next);
    bar.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <div className="tab-line">
      <div
        ref={bar}
        role="tablist"
        aria-label="Parts of the flow"
        className="tabs"
        onKeyDown={pressed}
      >
        {tabs.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={name === tab}
            aria-controls="tab-panel"
            tabIndex={name === tab ? 0 : -1}
            onClick={() => onTab(name)}
          >
            {tabLabel(name, row, wide)}
            {name === "note" && row.noted && <i className="has-note" />}
          </button>
        ))}
      </div>
      <span className="meta">{metaOf(row)}</span>
    </div>
  );
}

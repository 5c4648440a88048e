import { type KeyboardEvent, type Ref, useEffect, useRef, useState } from "react";
import type { View } from "../store/store";
import { CloseIcon } from "../ui/icons";
import { FilterFault } from "./FilterFault";

interface Props {
  ref: Ref<HTMLInputElement>;
  filter: string;
  /* Why the newest filter was not taken, or null. */
  fault: View["fault"];
  onFilter(filter: string): void;
  /* Esc in an empty box, or Enter or arrow down: back to the list. */
  onLeave(): void;
}

const debounceMs = 150;

/* A filter (docs/filters.md), sent once the typing pauses. */
export function FilterBox({ ref, filter, fault, onFilter, onLeave }: Props) {
  const [text, setText] = useState(filter);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  // The filter changes by itself when the reader goes back or forward.
  useEffect(() => {
    setText((shown) => (shown.trim() === filter ? shown : filter));
  }, [filter]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const send = (value: string, wait: number) => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onFilter(value.trim()), wait);
  };

  const pressed = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") {
      if (text === "") onLeave();
      else send("", 0);
    } else if (event.key === "Enter" || event.key === "ArrowDown") {
      send(text, 0);
      onLeave();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <search className="filter">
      <input
        ref={ref}
        type="text"
        value={text}
        placeholder="Filter: any text in a flow, ~m POST, ~c 500, ~d example"
        aria-label="Filter flows"
        aria-invalid={fault !== null}
        aria-describedby={fault ? "filter-fault" : undefined}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        onChange={(event) => send(event.target.value, debounceMs)}
        onKeyDown={pressed}
      />
      {text === "" ? (
        <kbd aria-hidden="true">/</kbd>
      ) : (
        <button type="button" aria-label="Clear the filter" onClick={() => send("", 0)}>
          <CloseIcon />
        </button>
      )}
      {fault && <FilterFault filter={fault.filter} fault={fault} />}
    </search>
  );
}

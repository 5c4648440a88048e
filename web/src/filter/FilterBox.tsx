import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";
import type { View } from "../store/store";
import { CloseIcon } from "../ui/icons";
import { late } from "../ui/late";
import type { Assist } from "./assist";
import { inkUntilNow } from "./explanation";
import { FilterFault } from "./FilterFault";
import { reachesEnd } from "./fault";
import { keepFilter } from "./history";
import { InkField } from "./InkField";
import { pauseMs, useExplanation } from "./useExplanation";

const Completions = late(() => import("./Completions").then((m) => m.Completions));

interface Props {
  ref: RefObject<HTMLInputElement | null>;
  filter: string;
  /* Why the newest filter was not taken, or null. */
  fault: View["fault"];
  onFilter(filter: string): void;
  /* Esc in an empty box, or Enter or arrow down: back to the list. */
  onLeave(): void;
}

/* A filter (docs/filters.md), sent once the typing pauses. */
export function FilterBox({ ref, filter, fault, onFilter, onLeave }: Props) {
  const [text, setText] = useState(filter);
  const [focused, setFocused] = useState(false);
  const [caret, setCaret] = useState<number | null>(null);
  const [active, setActive] = useState<string | null>(null);
  const assist = useRef<Assist>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const known = useExplanation(text);

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
  const left = () => {
    setFocused(false);
    const isWrong = known?.filter === text && known.fault !== null;
    if (!isWrong) keepFilter(text);
  };
  const leave = () => {
    assist.current?.close();
    onLeave();
  };

  const pressed = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (assist.current?.pressed(event)) {
      // It was for the completions.
    } else if (event.key === "Escape") {
      if (text === "") leave();
      else send("", 0);
    } else if (event.key === "Enter" || event.key === "ArrowDown") {
      send(text, 0);
      leave();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  // What is only not finished yet is no fault while something completes it.
  const isUnfinished = active !== null && fault !== null && reachesEnd(fault);

  /* Where the caret is, if nothing is selected. */
  const moved = () => {
    const { selectionStart = null, selectionEnd = null } = ref.current ?? {};
    setCaret(selectionStart === selectionEnd ? selectionStart : null);
  };

  return (
    <search className="filter">
      <InkField
        field={ref}
        value={text}
        ink={inkUntilNow(text, known)}
        placeholder="Filter: any text in a flow, ~m POST, ~c 500, ~d example"
        role="combobox"
        aria-label="Filter flows"
        aria-autocomplete="list"
        aria-expanded={active !== null}
        aria-controls={active === null ? undefined : "filter-completions"}
        aria-activedescendant={active || undefined}
        aria-invalid={fault !== null}
        aria-describedby={fault && !isUnfinished ? "filter-fault" : undefined}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        onChange={(event) => send(event.target.value, pauseMs)}
        onKeyDown={pressed}
        onSelect={moved}
        onFocus={() => setFocused(true)}
        onBlur={left}
      />
      {text === "" ? (
        <kbd aria-hidden="true">/</kbd>
      ) : (
        <button
          type="button"
          aria-label="Clear the filter"
          onClick={() => {
            ref.current?.focus();
            send("", 0);
          }}
        >
          <CloseIcon />
        </button>
      )}
      <div className="filter-below">
        {fault && !isUnfinished && <FilterFault filter={fault.filter} fault={fault} />}
        {focused && !fault && known?.words && text.trim() !== "" && (
          <p className="filter-words" onMouseDown={() => ref.current?.blur()}>
            {known.words}
          </p>
        )}
        {focused && (
          <Completions
            ref={assist}
            text={text}
            caret={caret}
            onText={(value, at) => {
              send(value, pauseMs);
              requestAnimationFrame(() => ref.current?.setSelectionRange(at, at));
            }}
            onActive={setActive}
          />
        )}
      </div>
    </search>
  );
}

import { type KeyboardEvent, type Ref, useEffect, useRef, useState } from "react";
import { CloseIcon } from "../ui/icons";

interface Props {
  ref: Ref<HTMLInputElement>;
  filter: string;
  onFilter(filter: string): void;
  /* Esc in an empty box, or Enter or arrow down: back to the list. */
  onLeave(): void;
}

const debounceMs = 150;

/* Plain text that flows must contain, sent once the typing pauses. */
export function FilterBox({ ref, filter, onFilter, onLeave }: Props) {
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
        placeholder="Filter: any text in a flow"
        aria-label="Filter flows by text"
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
    </search>
  );
}

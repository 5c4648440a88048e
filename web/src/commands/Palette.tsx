import { type KeyboardEvent, useEffect, useState } from "react";
import { visibleLine } from "../ui/captured";
import { Dialog } from "../ui/Dialog";
import { KeyNames } from "./KeyNames";
import { paletteItems } from "./paletteItems";
import { useAllCommands } from "./useCommands";
import "./palette.css";

interface Props {
  onFlow(number: number): void;
  onView(name: string): void;
  onClose(): void;
}

const optionId = (at: number) => `palette-${at}`;

/* All that the page can do, found by a few letters of its name. */
export function Palette({ onFlow, onView, onClose }: Props) {
  const commands = useAllCommands();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const items = paletteItems(commands, typed, onFlow, onView);
  const chosen = Math.min(at, items.length - 1);
  useEffect(() => {
    document.getElementById(optionId(chosen))?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  const run = (index: number) => {
    onClose();
    // What it does may move the focus, after the dialog has given it back.
    const { run: act } = items[index] ?? {};
    if (act) setTimeout(act);
  };
  const pressed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((chosen + step + items.length) % Math.max(items.length, 1));
    else if (event.key === "Enter" && !event.nativeEvent.isComposing) run(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Commands" onClose={onClose} className="palette">
      <input
        className="text-field"
        type="text"
        role="combobox"
        aria-label="Find a command"
        aria-expanded={items.length > 0}
        aria-controls="palette"
        aria-activedescendant={items.length > 0 ? optionId(chosen) : undefined}
        aria-autocomplete="list"
        placeholder="A command, a saved view, or the number of a flow"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={pressed}
      />
      <div id="palette" role="listbox" aria-label="Commands">
        {items.map(({ id, group, title, keys }, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are the field's, which keeps the focus
          <div
            key={id}
            id={optionId(index)}
            role="option"
            aria-selected={index === chosen}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => run(index)}
          >
            <span>{visibleLine(title)}</span>
            <span className="dim">{group}</span>
            <KeyNames keys={keys} />
          </div>
        ))}
      </div>
      {items.length === 0 && <p className="dim">Nothing is called so.</p>}
    </Dialog>
  );
}

import { useId, useState } from "react";
import { applyPane, keepPane, readPane, type Side } from "../detail/paneSize";
import { CloseLine, Dialog } from "../ui/Dialog";
import { type Appearance, setAppearance } from "./appearance";
import { useAppearance } from "./useAppearance";
import "./settings.css";

/* What a reader may choose of the page; each choice is seen at once. */
export function SettingsDialog({ onClose }: { onClose(): void }) {
  const appearance = useAppearance();
  const [side, setSide] = useState<Side>(() => readPane().side);
  const choose = <K extends keyof Appearance>(name: K) => ({
    value: appearance[name],
    onValue: (value: Appearance[K]) => setAppearance({ [name]: value }),
  });
  const chooseSide = (value: Side) => {
    const size = readPane(value);
    setSide(value);
    keepPane(size);
    applyPane(size);
  };
  return (
    <Dialog title="Settings" onClose={onClose}>
      <div className="settings">
        <Choice
          title="Theme"
          {...choose("theme")}
          options={{ system: "As the system", light: "Light", dark: "Dark" }}
        />
        <Choice
          title="Density"
          {...choose("density")}
          options={{ comfortable: "Comfortable", compact: "Compact" }}
        />
        <Choice
          title="Open flow"
          value={side}
          onValue={chooseSide}
          options={{ right: "At the right", below: "Below the list" }}
        />
        <Choice
          title="Times in the list"
          {...choose("times")}
          options={{ clock: "By the clock", ago: "How long ago" }}
        />
        <Choice
          title="Time zone"
          {...choose("zone")}
          options={{ local: "This computer's", utc: "UTC" }}
        />
      </div>
      <CloseLine onClose={onClose} />
    </Dialog>
  );
}

interface ChoiceProps<T extends string> {
  title: string;
  value: T;
  options: Record<T, string>;
  onValue(value: T): void;
}

function Choice<T extends string>({ title, value, options, onValue }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset>
      <legend>{title}</legend>
      {(Object.keys(options) as T[]).map((option) => (
        <label key={option}>
          <input
            type="radio"
            name={name}
            checked={value === option}
            onChange={() => onValue(option)}
          />
          {options[option]}
        </label>
      ))}
    </fieldset>
  );
}

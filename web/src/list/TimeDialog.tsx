import { type FormEvent, useState } from "react";
import type { View } from "../store/store";
import { flowAt } from "../timeline/jump";
import { Dialog } from "../ui/Dialog";
import { formatDateTime } from "../ui/format";
import { readMoment } from "./time";

interface Props {
  view: View;
  /* The last flow that began by then, or the first one after it. */
  onFlow(number: number): void;
  onClose(): void;
}

/* Takes the list to a moment, without narrowing it. */
export function TimeDialog({ view, onFlow, onClose }: Props) {
  const [text, setText] = useState("");
  const [fault, setFault] = useState("");
  const moment = readMoment(text, Date.now());
  const go = async (event: FormEvent) => {
    event.preventDefault();
    if (moment === null) return setFault("That is not a time. Try 10:01 or 11-23 10:01.");
    try {
      const number = await flowAt(view.filter, moment);
      if (number === null) return setFault("There is no flow.");
      onFlow(number);
      onClose();
    } catch (error) {
      setFault(String(error));
    }
  };
  return (
    <Dialog title="Go to a time" onClose={onClose}>
      <form onSubmit={go}>
        <label className="field">
          Time
          <input
            className="text-field"
            type="text"
            value={text}
            placeholder="10:01, 10:01:44.120 or 2026-11-23 10:01"
            aria-invalid={fault !== ""}
            onChange={(event) => {
              setText(event.target.value);
              setFault("");
            }}
          />
        </label>
        <p className={fault ? "tone-bad" : "dim"} role="status">
          {fault || (moment === null ? "\u00a0" : formatDateTime(moment))}
        </p>
        <div className="buttons">
          <button type="submit" className="button primary">
            Go
          </button>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

import { useRef, useState } from "react";
import { alarmsMost } from "../connection/protocol";
import { FilterFault } from "../filter/FilterFault";
import { useExplanation } from "../filter/useExplanation";
import { visibleLine } from "../ui/captured";
import { CloseLine, Dialog } from "../ui/Dialog";
import { useHandOver } from "../ui/handOver";
import { CloseIcon } from "../ui/icons";
import { notificationState } from "./notify";
import type { Alerts } from "./useAlerts";
import "./alerts.css";

interface Props {
  alerts: Alerts;
  /* What the list is filtered by, as a beginning. */
  filter: string;
  onClose(): void;
}

/* Filters that their reader is told of new matches of. */
export function AlertsDialog({ alerts: { filters, set }, filter, onClose }: Props) {
  const [text, setText] = useState(filters.includes(filter) ? "" : filter);
  const field = useRef<HTMLInputElement>(null);
  const known = useExplanation(text);
  const isKnown = known?.filter === text && text.trim() !== "";
  const isFull = filters.length >= alarmsMost;
  const add = () => {
    set([...filters.filter((one) => one !== text.trim()), text.trim()]);
    setText("");
    // There is nothing to add until something is written again.
    field.current?.focus();
  };
  return (
    <Dialog title="Alerts" onClose={onClose}>
      <p>New flows that match one of these are told, wherever you are in the page.</p>
      <Permission onEnd={() => field.current?.focus()} />
      <ul className="alerts" aria-label="Alerts">
        {filters.map((one) => (
          <li key={one}>
            <code>{visibleLine(one)}</code>
            <button
              type="button"
              aria-label={`Remove ${visibleLine(one)}`}
              onClick={() => {
                field.current?.focus();
                set(filters.filter((other) => other !== one));
              }}
            >
              <CloseIcon />
            </button>
          </li>
        ))}
      </ul>
      <form
        className="alert-add"
        onSubmit={(event) => {
          event.preventDefault();
          if (isKnown && !known.fault && !isFull) add();
        }}
      >
        <input
          ref={field}
          className="text-field"
          type="text"
          aria-label="Filter of a new alert"
          placeholder="A filter, such as ~c 5xx"
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button
          type="submit"
          className="button"
          disabled={isFull || !isKnown || known.fault !== null}
        >
          Add
        </button>
      </form>
      {isFull && <p className="dim">There are at most {alarmsMost}.</p>}
      {isKnown && known.fault && <FilterFault filter={text} fault={known.fault} />}
      {isKnown && !known.fault && <p className="dim">{known.words}</p>}
      <CloseLine onClose={onClose} />
    </Dialog>
  );
}

/* The browser is asked on a click, and never by the page itself. */
function Permission({ onEnd }: { onEnd(): void }) {
  const [state, setState] = useState(notificationState);
  const button = useHandOver(onEnd);
  if (state === "granted") return null;
  if (state === "insecure")
    return (
      <p className="alert-how">
        Notifications of the browser need HTTPS. Over plain HTTP alerts appear in this
        page.
      </p>
    );
  if (state === "denied")
    return (
      <p className="alert-how">
        The browser does not let this page notify you, so alerts appear in the page.
      </p>
    );
  return (
    <p className="alert-how">
      Alerts appear in this page.{" "}
      <button
        ref={button}
        type="button"
        className="link"
        onClick={() => Notification.requestPermission().then(setState)}
      >
        Let the browser show them, too
      </button>
    </p>
  );
}

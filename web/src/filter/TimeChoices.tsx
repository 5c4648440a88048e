import { useState } from "react";
import { chipState } from "./chips";
import { timeClause } from "./clause";
import { replaceClause } from "./combine";
import type { ChoicesProps } from "./FacetChoices";

const spans = [
  ["5m", "Last 5 minutes"],
  ["30m", "Last 30 minutes"],
  ["1h", "Last hour"],
  ["today", "Today"],
  ["yesterday", "Yesterday"],
] as const;

/* As a datetime-local field has it: in the reader's time zone. */
function fieldText(ms: number): string {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, "2026-11-27T09:00:00".length);
}

/* A span of time, by name or from one moment to another. */
export function TimeChoices({ chip, filter, onFilter }: ChoicesProps) {
  const [chosen] = chipState(chip, filter)?.values ?? [];
  const ends = (chosen ?? "").split("..").map((end) => Date.parse(end));
  const [now] = useState(() => Date.now());
  const [from, setFrom] = useState(() => fieldText(ends[0] || now - 3_600_000));
  const [to, setTo] = useState(() => fieldText(ends[1] || now));
  const put = (clause: string) => onFilter(replaceClause(filter, chip.operators, clause));
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  const isSpan = fromMs <= toMs;
  return (
    <>
      <ul className="choices" aria-label="Spans of time">
        {spans.map(([operand, name]) => (
          <li key={operand}>
            <button
              type="button"
              aria-pressed={chosen === operand}
              onClick={() => put(`~time ${operand}`)}
            >
              {name}
            </button>
          </li>
        ))}
      </ul>
      <form
        className="time-span"
        onSubmit={(event) => {
          event.preventDefault();
          if (isSpan) put(timeClause(fromMs, toMs));
        }}
      >
        <label>
          From
          <input
            className="text-field"
            type="datetime-local"
            step="1"
            value={from}
            onChange={(event) => setFrom(event.target.value)}
          />
        </label>
        <label>
          To
          <input
            className="text-field"
            type="datetime-local"
            step="1"
            value={to}
            onChange={(event) => setTo(event.target.value)}
          />
        </label>
        <button type="submit" className="button" disabled={!isSpan}>
          Show this span
        </button>
      </form>
    </>
  );
}

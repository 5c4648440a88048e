import {
  type KeyboardEvent,
  type Ref,
  useEffect,
  useImperativeHandle,
  useState,
} from "react";
import { visibleName } from "../ui/captured";
import type { Assist } from "./assist";
import { usedFilters } from "./history";
import type { Completion } from "./suggest";
import { useCompletions } from "./useCompletions";

interface Props {
  ref: Ref<Assist>;
  text: string;
  /* null: something is selected. */
  caret: number | null;
  onText(text: string, caret: number): void;
  /* The id of the option that keys are at, "" without one; null: closed. */
  onActive(id: string | null): void;
}

const optionId = (at: number) => `filter-completion-${at}`;

/* Below the filter box: what could stand at the caret. */
export function Completions({ ref, text, caret, onText, onActive }: Props) {
  const [at, setAt] = useState(-1);
  const [closedFor, setClosedFor] = useState<string | null>(null);
  // Which of the filters used before the box shows, by the arrow up.
  const [past, setPast] = useState(-1);
  const found = useCompletions(text, caret);
  const options = closedFor === text ? [] : found;
  const isOpen = options.length > 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: other options, none of them chosen
  useEffect(() => setAt(-1), [found]);
  useEffect(() => {
    onActive(isOpen ? (at < 0 ? "" : optionId(at)) : null);
  }, [isOpen, at, onActive]);
  useEffect(() => () => onActive(null), [onActive]);
  useEffect(() => {
    if (at >= 0)
      document.getElementById(optionId(at))?.scrollIntoView({ block: "nearest" });
  }, [at]);

  const take = ({ insert, from, to }: Completion) => {
    onText(
      text.slice(0, from) + insert + text.slice(to).trimStart(),
      from + insert.length,
    );
  };
  const recall = (step: number) => {
    const used = usedFilters();
    const next = Math.min(past + step, used.length - 1);
    const filter = next < 0 ? "" : (used[next] ?? "");
    setPast(next);
    setClosedFor(filter);
    onText(filter, filter.length);
    return true;
  };
  const close = () => {
    setClosedFor(text);
    setAt(-1);
  };
  const isRecalled = past >= 0 && text === usedFilters()[past];

  const pressed = ({ key, shiftKey }: KeyboardEvent): boolean => {
    const chosen = options[at];
    if (key === "ArrowUp" && at < 0 && (text === "" || isRecalled)) return recall(1);
    if (key === "ArrowDown" && at < 0 && isRecalled) return recall(-1);
    if (!isOpen || shiftKey) return false;
    if (key === "ArrowDown" || key === "ArrowUp") {
      const step = key === "ArrowDown" ? 1 : -1;
      // One place more than options: none of them.
      const places = options.length + 1;
      setAt(((at + 1 + step + places) % places) - 1);
      return true;
    }
    if (key === "Escape" && text !== "") {
      close();
      return true;
    }
    if ((key === "Tab" || key === "Enter") && chosen) {
      take(chosen);
      return true;
    }
    return false;
  };
  useImperativeHandle(ref, () => ({ pressed, close }));

  if (!isOpen) return null;
  return (
    <div
      className="completions"
      id="filter-completions"
      role="listbox"
      aria-label="Completions"
    >
      {options.map((option, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: keys are the box's, which keeps the focus
        <div
          key={`${option.label} ${option.detail}`}
          id={optionId(index)}
          role="option"
          aria-selected={index === at}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => take(option)}
        >
          <code>{visibleName(option.label)}</code>
          <span>{option.detail}</span>
        </div>
      ))}
    </div>
  );
}

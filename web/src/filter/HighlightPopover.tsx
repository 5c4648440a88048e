import { type RefObject, useEffect, useState } from "react";
import { Popover } from "../ui/Popover";
import { FilterFault } from "./FilterFault";
import { useExplanation } from "./useExplanation";
import "./popovers.css";

interface Props {
  anchor: RefObject<HTMLElement | null>;
  highlight: string;
  onHighlight(filter: string): void;
  onClose(): void;
}

/* Where the second filter is written; one that is wrong changes nothing. */
export function HighlightPopover({ anchor, highlight, onHighlight, onClose }: Props) {
  const [text, setText] = useState(highlight);
  const known = useExplanation(text);
  const isKnown = known?.filter === text;
  const filter = text.trim();
  // What is cleared beside it stays so: only what is written here is taken.
  const [latest] = useState({ highlight, onHighlight });
  Object.assign(latest, { highlight, onHighlight });
  useEffect(() => {
    if (isKnown && !known.fault && filter !== latest.highlight)
      latest.onHighlight(filter);
  }, [isKnown, known, filter, latest]);
  return (
    <Popover label="Highlight flows" anchor={anchor} onClose={onClose}>
      <input
        className="text-field"
        type="text"
        aria-label="Flows to highlight"
        placeholder="A filter: what matches is marked"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && onClose()}
      />
      {isKnown && known.fault ? (
        <FilterFault filter={text} fault={known.fault} />
      ) : (
        <p className="popover-note">
          {filter && isKnown ? known.words : "Other flows stay in the list."}
        </p>
      )}
    </Popover>
  );
}

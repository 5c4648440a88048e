import { useEffect, useRef, useState } from "react";
import { usePlace } from "../place/usePlace";
import { visibleLine } from "../ui/captured";
import { CloseIcon } from "../ui/icons";
import { late } from "../ui/late";
import { highlighter } from "./highlighter";

const HighlightPopover = late(() =>
  import("./HighlightPopover").then((m) => m.HighlightPopover),
);

/* The second filter, which marks rows and hides none. */
export function HighlightButton() {
  const { place, go } = usePlace();
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  const { highlight } = place;
  useEffect(() => highlighter.setFilter(highlight), [highlight]);
  const text = visibleLine(highlight);
  return (
    <span className={highlight ? "chip is-set is-mark" : "chip"}>
      <button
        ref={anchor}
        type="button"
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-label={highlight ? `Highlight: ${text}` : "Highlight"}
        onClick={() => setOpen(!open)}
      >
        {text || "Highlight"}
      </button>
      {highlight && (
        <button
          type="button"
          aria-label="Clear Highlight"
          onClick={() => {
            anchor.current?.focus();
            go({ highlight: "" });
          }}
        >
          <CloseIcon />
        </button>
      )}
      {open && (
        <HighlightPopover
          anchor={anchor}
          highlight={highlight}
          onHighlight={(filter) => go({ highlight: filter })}
          onClose={() => setOpen(false)}
        />
      )}
    </span>
  );
}

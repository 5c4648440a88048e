import { useRef, useState } from "react";
import { useLayout } from "../list/layout";
import { usePlace } from "../place/usePlace";
import { visibleLine } from "../ui/captured";
import { late } from "../ui/late";
import { isShownAs, savedViews } from "./saved";
import { useSavedViews } from "./useSavedViews";

const ViewsPopover = late(() => import("./ViewsPopover").then((m) => m.ViewsPopover));

/* The name of the view that is shown, and the saved ones behind it. */
export function ViewsButton() {
  const { place } = usePlace();
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  useSavedViews();
  useLayout();
  const saved = savedViews().find(({ name }) => name === place.view);
  const isChanged = saved !== undefined && !isShownAs(saved, place);
  const label = place.view ? visibleLine(place.view) : "Views";
  return (
    <>
      <button
        ref={anchor}
        type="button"
        className={place.view ? "views-button is-set" : "views-button"}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {label}
        {isChanged && <span className="dim"> (changed)</span>}
      </button>
      {open && <ViewsPopover anchor={anchor} onClose={() => setOpen(false)} />}
    </>
  );
}

import { useRef, useState } from "react";
import { usePlace } from "../place/usePlace";
import { visibleLine } from "../ui/captured";
import { late } from "../ui/late";
import { savedViews, viewSearch } from "./saved";
import { useSavedViews } from "./useSavedViews";

const ViewsPopover = late(() => import("./ViewsPopover").then((m) => m.ViewsPopover));

/* The name of the view that is shown, and the saved ones behind it. */
export function ViewsButton() {
  const { place } = usePlace();
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  useSavedViews();
  const saved = savedViews().find(({ name }) => name === place.view);
  const isChanged = saved !== undefined && saved.search !== viewSearch(place);
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

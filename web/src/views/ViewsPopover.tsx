import { type RefObject, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { usePlace } from "../place/usePlace";
import { visibleLine } from "../ui/captured";
import { CloseIcon } from "../ui/icons";
import { Popover } from "../ui/Popover";
import {
  nameMost,
  placeOf,
  putViews,
  readViews,
  removeView,
  renameView,
  type SavedView,
  viewOf,
  writeViews,
} from "./saved";
import { useSavedViews } from "./useSavedViews";
import "../filter/popovers.css";
import "./views.css";

interface Props {
  anchor: RefObject<HTMLElement | null>;
  onClose(): void;
}

/* The saved views: to show, save, rename, remove, and to hand on as text. */
export function ViewsPopover({ anchor, onClose }: Props) {
  const views = useSavedViews();
  const { place, go } = usePlace();
  const [name, setName] = useState(place.view);
  const [asText, setAsText] = useState(false);
  const show = (view: SavedView) => {
    go(placeOf(view));
    onClose();
  };
  const save = () => {
    const called = name.trim().slice(0, nameMost);
    if (called === "") return;
    putViews(viewOf(called, place));
    go({ view: called });
  };
  const [renamed, setRenamed] = useState("");
  const rename = (from: string, to: string) => {
    renameView(from, to);
    setRenamed(to);
    if (place.view === from) go({ view: to });
  };
  const field = useRef<HTMLInputElement>(null);
  const remove = (gone: string) => {
    field.current?.focus();
    removeView(gone);
    if (place.view === gone) go({ view: "" });
  };
  return (
    <Popover label="Saved views" anchor={anchor} onClose={onClose}>
      <form
        className="view-save"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <input
          ref={field}
          className="text-field"
          type="text"
          aria-label="Name of the view"
          placeholder="Save this view as"
          maxLength={nameMost}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <button type="submit" className="button" disabled={name.trim() === ""}>
          Save
        </button>
      </form>
      {views.length === 0 ? (
        <p className="popover-note">
          A view keeps the filter, the order, the columns and the panel. None is saved.
        </p>
      ) : (
        <ul className="choices" aria-label="Saved views">
          {views.map((view) => (
            <ViewLine
              key={view.name}
              view={view}
              isShown={view.name === place.view}
              isNew={view.name === renamed}
              onShow={() => show(view)}
              onRename={(to) => rename(view.name, to)}
              onRemove={() => remove(view.name)}
            />
          ))}
        </ul>
      )}
      <button type="button" aria-expanded={asText} onClick={() => setAsText(!asText)}>
        Export or import as text
      </button>
      {asText && <ViewsText views={views} />}
    </Popover>
  );
}

interface LineProps {
  view: SavedView;
  isShown: boolean;
  /* Its name is: the focus was where that was written. */
  isNew: boolean;
  onShow(): void;
  onRename(to: string): void;
  onRemove(): void;
}

function ViewLine({ view, isShown, isNew, onShow, onRename, onRemove }: LineProps) {
  const [renaming, setRenaming] = useState<string | null>(null);
  const name = visibleLine(view.name);
  const opener = useRef<HTMLButtonElement>(null);
  const end = () => {
    const to = renaming?.trim();
    if (to) onRename(to);
    setRenaming(null);
  };
  if (renaming !== null)
    return (
      <li>
        <input
          className="text-field"
          type="text"
          aria-label={`New name of ${name}`}
          maxLength={nameMost}
          // biome-ignore lint/a11y/noAutofocus: its reader asked for it just now
          autoFocus
          value={renaming}
          onChange={(event) => setRenaming(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            // Or it would press the button that gets the focus.
            event.preventDefault();
            flushSync(end);
            opener.current?.focus();
          }}
          onBlur={end}
        />
      </li>
    );
  return (
    <li className="view-line">
      <button
        type="button"
        className="view-name"
        aria-current={isShown ? "true" : undefined}
        onClick={onShow}
      >
        {name}
      </button>
      <button
        type="button"
        ref={opener}
        // biome-ignore lint/a11y/noAutofocus: it takes the place of what was left
        autoFocus={isNew}
        aria-label={`Rename ${name}`}
        onClick={() => setRenaming(view.name)}
      >
        Rename
      </button>
      <button type="button" aria-label={`Remove ${name}`} onClick={onRemove}>
        <CloseIcon />
      </button>
    </li>
  );
}

function ViewsText({ views }: { views: readonly SavedView[] }) {
  const [text, setText] = useState(() => writeViews(views));
  const [said, setSaid] = useState("");
  const take = () => {
    const found = readViews(text);
    putViews(...found);
    setSaid(found.length === 0 ? "There are no views in this." : "Imported.");
  };
  return (
    <div className="views-text">
      <textarea
        aria-label="Views as JSON"
        rows={6}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="button" className="button" onClick={take}>
        Import
      </button>
      <span role="status">{said}</span>
    </div>
  );
}

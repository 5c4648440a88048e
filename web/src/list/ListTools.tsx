import type { ReactNode } from "react";
import { useAllCommands, useCommands } from "../commands/useCommands";
import { useLive, useView } from "../store/hooks";
import { topOf } from "../store/listing";
import { formatCount } from "../ui/format";
import { ClockIcon, ColumnsIcon, PauseIcon, PlayIcon } from "../ui/icons";

/* Stops what the list shows, and tells how many flows came meanwhile. */
function PauseButton() {
  const { store } = useLive();
  const isPaused = useView((view) => view.isPaused);
  const loaded = useView((view) => view.loaded);
  const waiting = useView(({ isPaused, sort, listing, newest }) =>
    isPaused && sort === "arrival" ? topOf(listing) - newest : 0,
  );
  const title = isPaused ? "Go on with the list" : "Pause the list";
  const toggle = () => store.pause(!isPaused);
  useCommands([
    {
      id: "pause",
      group: "List",
      title,
      enabled: loaded,
      inMenu: true,
      run: toggle,
    },
  ]);
  return (
    <button
      type="button"
      className="button pause"
      aria-pressed={isPaused}
      title={title}
      disabled={!loaded}
      onClick={toggle}
    >
      {isPaused ? <PlayIcon /> : <PauseIcon />}
      {isPaused ? "Paused" : "Pause"}
      {waiting > 0 && <span> · {formatCount(waiting)} new</span>}
    </button>
  );
}

function Tool({ id, children }: { id: string; children: ReactNode }) {
  const command = useAllCommands().find((command) => command.id === id);
  if (!command) return null;
  return (
    <button
      type="button"
      className="tool"
      aria-label={command.title}
      title={command.title}
      onClick={command.run}
    >
      {children}
    </button>
  );
}

/* What can be done with the list as a whole. */
export function ListTools() {
  return (
    <>
      <Tool id="to-time">
        <ClockIcon />
      </Tool>
      <Tool id="columns">
        <ColumnsIcon />
      </Tool>
      <PauseButton />
    </>
  );
}

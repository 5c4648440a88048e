import { useView, wholeView } from "../store/hooks";
import type { View } from "../store/store";
import { formatCount, searching } from "../ui/format";
import { late } from "../ui/late";
import { focusNextList } from "./useKeptFocus";

const SetUp = late(
  () => import("./SetUp").then((m) => m.SetUp),
  () => <p aria-busy="true" />,
);

interface Props {
  filter: string;
  onClear(): void;
}

/* What stands in place of the list when it has no rows, and why. */
export function EmptyState({ filter, onClear }: Props) {
  const view = useView(wholeView);
  if (view.status.state === "offline") return <Offline view={view} />;
  if (view.status.state === "signed-out")
    return (
      <div className="empty">
        <h2>You are signed out</h2>
        <p>The session is over, or there was none yet.</p>
      </div>
    );
  if (view.status.state === "denied")
    return (
      <div className="empty">
        <h2>You may not see these flows</h2>
        <p>Whoever runs this server can allow it.</p>
      </div>
    );
  if (view.search)
    return (
      <div className="empty" aria-busy="true">
        <h2>{searching(view.search.backToMs)}</h2>
      </div>
    );
  if (view.fault && !view.loaded)
    return (
      <div className="empty">
        <h2>The filter is not understood</h2>
      </div>
    );
  if (!view.loaded || view.total === null || view.filter !== filter)
    return <div className="empty" aria-busy="true" />;
  if (filter !== "" && view.total > 0)
    return <NoMatch total={view.total} filter={filter} onClear={onClear} />;
  if (view.isPaused)
    return (
      <div className="empty">
        <h2>Paused</h2>
        <p>What comes is not shown until the list goes on.</p>
      </div>
    );
  return (
    <div className="empty">
      <h2>Nothing captured yet</h2>
      <SetUp />
    </div>
  );
}

function Offline({ view }: { view: View }) {
  return (
    <div className="empty">
      <h2>The server does not answer</h2>
      <p>
        The page tries again by itself and goes on where it stopped. If mitmflow is not
        running, start it with <code>script/server</code>.
      </p>
      {view.status.reason && <p className="dim">{view.status.reason}</p>}
    </div>
  );
}

function NoMatch({
  total,
  filter,
  onClear,
}: {
  total: number;
  filter: string;
  onClear(): void;
}) {
  return (
    <div className="empty">
      <h2>No flow matches</h2>
      <p>
        None of the {formatCount(total)} flows kept matches{" "}
        <q className="cap">{filter}</q>.
      </p>
      <p>
        <button
          type="button"
          className="button"
          onClick={() => {
            focusNextList();
            onClear();
          }}
        >
          Show all flows
        </button>
      </p>
    </div>
  );
}

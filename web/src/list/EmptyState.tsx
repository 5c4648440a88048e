import type { View } from "../store/store";
import { formatCount, searching } from "../ui/format";

/* What stands in place of the list when it has no rows, and why. */
export function EmptyState({ view, filter }: { view: View; filter: string }) {
  if (view.status.state === "offline") return <Offline view={view} />;
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
    return <NoMatch total={view.total} filter={filter} />;
  return <NothingYet />;
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

function NoMatch({ total, filter }: { total: number; filter: string }) {
  return (
    <div className="empty">
      <h2>No flow matches</h2>
      <p>
        None of the {formatCount(total)} flows kept matches{" "}
        <q className="cap">{filter}</q>. Press <kbd>/</kbd> and <kbd>Esc</kbd> to clear
        the filter.
      </p>
    </div>
  );
}

function NothingYet() {
  const { host, protocol } = location;
  return (
    <div className="empty">
      <h2>Nothing captured yet</h2>
      <p>Send a request through the proxy that script/server started:</p>
      <pre>curl -x http://127.0.0.1:8080 http://example.com/</pre>
      <p>Or attach a mitmproxy of your own:</p>
      <pre>
        mitmdump -s build/exporter/mitmflow_exporter.py \{"\n"}
        {"  "}--set grpc_addr={protocol}//{host}
      </pre>
      <p className="dim">Flows appear here while they happen.</p>
    </div>
  );
}
